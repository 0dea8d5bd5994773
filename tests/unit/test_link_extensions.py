"""The table of what is linked in agrees with the pins and the graph."""

from __future__ import annotations

import tomllib

from hpcpy.build.graph import the_graph
from hpcpy.core.paths import RECIPES

TABLE = tomllib.loads((RECIPES / "extensions.toml").read_text())
BUILT_IN = sorted(name for name, entry in TABLE.items() if entry.get("built_in"))


def test_each_entry_says_its_part_and_why_something_stays_shared() -> None:
    for entry in TABLE.values():
        assert set(entry) <= {"part", "built_in", "shared"}
        assert entry["part"] in the_graph().parts
        assert all(reason.strip() for reason in entry.get("shared", {}).values())


def test_the_interpreter_is_linked_after_what_goes_into_it() -> None:
    graph = the_graph()
    needed = graph.needed(graph.parts["interpreter"])
    assert {graph.parts[TABLE[name]["part"]] for name in BUILT_IN} <= set(needed)
