"""docs/upgrading.md has a row for each patch, and names what there is."""

from __future__ import annotations

import re
import tomllib

import pytest

from hpcpy import paths

FEATURES = paths.ROOT / "src/interp/features"
PATCHES = {
    path.stem: path
    for folder in (paths.RECIPES / "patches", paths.CONTAINERS / "cuda", FEATURES)
    for path in folder.rglob("*.patch")
}
TEXT = (paths.ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
# Name -> why, when it goes, its tests.
ROWS = dict(re.findall(r"(?m)^\| `([\w-]+)` \| (.+ \| .+ \| `tests/.+`) \|$", TEXT))


def test_each_patch_has_a_row_and_each_row_a_patch() -> None:
    assert list(ROWS) == sorted(ROWS)
    assert set(ROWS) == set(PATCHES)


@pytest.mark.parametrize("name", ROWS)
def test_row_has_the_tests_that_the_patch_names(name: str) -> None:
    (why, goes, tests) = ROWS[name].split(" | ")
    assert why
    assert goes
    named = re.search(r"(?m)^Test: (.+)$", PATCHES[name].read_text(encoding="utf-8"))
    assert named
    found = re.findall(r"`([^`]+)`", tests)
    assert ", ".join(found) == named[1]
    for test in found:
        assert (paths.ROOT / test).is_file(), test


def test_each_patch_is_an_input_of_a_part() -> None:
    parts = tomllib.loads((paths.CONTAINERS / "images.toml").read_text(encoding="utf-8"))["parts"]
    trees = {tree for part in parts.values() for tree in part.get("trees", [])}
    for path in PATCHES.values():
        if not path.is_relative_to(FEATURES):
            assert path.relative_to(paths.ROOT).as_posix() in trees


def test_files_that_are_named_are_there() -> None:
    for name in re.findall(r"`((?:tests|src|recipes|env|containers)/[\w./-]+)`", TEXT):
        assert (paths.ROOT / name).exists(), name
    listed = {path.name for path in (paths.ROOT / "tests").rglob("*.py")}
    for name in re.findall(r"`(test_\w+\.py)`", TEXT):
        assert name in listed, name
