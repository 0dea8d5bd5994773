"""The table of what is linked in agrees with the pins and the graph."""

from __future__ import annotations

import tomllib

import pytest

from hpcpy.build.graph import the_graph
from hpcpy.paths import RECIPES
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import wheels

TABLE = tomllib.loads((RECIPES / "extensions.toml").read_text())
BUILT_IN = sorted(name for name, entry in TABLE.items() if entry.get("built_in"))


@pytest.mark.parametrize("name", TABLE)
def test_each_entry_says_its_part_and_why_something_stays_shared(name: str) -> None:
    entry = TABLE[name]
    assert set(entry) <= {"part", "built_in", "shared"}
    assert entry["part"] in the_graph().parts
    assert all(reason.strip() for reason in entry.get("shared", {}).values())


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_interpreter_is_linked_after_what_goes_into_it(name: str) -> None:
    graph = the_graph()
    assert graph.parts[TABLE[name]["part"]] in graph.needed(graph.parts["interpreter"])


@pytest.mark.parametrize("name", ["h5py", "line-profiler", "mpi4py", "numba", "numpy", "viztracer"])
def test_the_source_is_of_the_wheels_version(name: str) -> None:
    # The wheel image is what the static one is measured and tested against.
    locked = {wheel.name: wheel.version for wheel in wheels("image", "x86_64")}
    assert sources()[name].version == locked[name]
