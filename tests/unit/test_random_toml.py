"""No TOML file ends in a traceback, whatever is in it."""

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_inputs import as_toml, changed, ends_well

from hpcpy.commands import run
from hpcpy.core import paths
from hpcpy.images import graph
from hpcpy.launch.site import read_site
from hpcpy.pins.debian import debian_request, debs, snapshot_epoch
from hpcpy.pins.model import sources


def of_env(*readers: Callable[[Path], object]) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        for reader in readers:
            ends_well(partial(reader, path.parent))

    return read


def as_script(path: Path) -> None:
    """Write a job script with the site's file, and start nothing."""
    words = ["--dry", f"--site={path}", "--nodes=2", "--account=a"]
    run(["batch", *words, "--", "-m", "workloads", "pi"])


READERS: dict[str, tuple[Path, Callable[[Path], object]]] = {
    "site.toml": (paths.ENV / "sites/template.toml", read_site),
    "script.toml": (paths.ENV / "sites/perlmutter-cpu.toml", as_script),
    "images.toml": (paths.CONTAINERS / "images.toml", graph.load),
    "sources.toml": (paths.ENV / "sources.toml", of_env(sources)),
    "debian.toml": (paths.ENV / "debian.toml", of_env(debian_request)),
    "debian.lock": (
        paths.ENV / "debian.lock",
        of_env(snapshot_epoch, lambda folder: debs("base", "x86_64", folder)),
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toml")


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=1000, deadline=None)
@given(data=st.data())
def test_a_file_with_another_value_is_read_or_refused(
    name: str, data: st.DataObject, folder: Path
) -> None:
    original, read = READERS[name]
    path = folder / name
    values = tomllib.loads(original.read_text())
    path.write_text(as_toml(data.draw(changed(values))), encoding="utf-8")
    ends_well(partial(read, path))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(content=st.binary(max_size=60) | st.text("[]{}=\"'.#\n\\aé01- ").map(str.encode))
def test_any_bytes_are_read_or_refused(name: str, content: bytes, folder: Path) -> None:
    path = folder / name
    path.write_bytes(content)
    ends_well(partial(READERS[name][1], path))
