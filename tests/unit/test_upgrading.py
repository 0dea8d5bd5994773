"""docs/upgrading.md has a row for each patch, and names what there is."""

from __future__ import annotations

import re
import tomllib

from hpcpy.core import paths

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


def test_a_row_has_the_tests_that_its_patch_names() -> None:
    for name, row in ROWS.items():
        found = re.findall(r"`([^`]+)`", row.split(" | ")[2])
        assert f"\nTest: {', '.join(found)}\n" in PATCHES[name].read_text(encoding="utf-8"), name
        assert [test for test in found if not (paths.ROOT / test).is_file()] == []


def test_each_patch_is_an_input_of_a_part() -> None:
    parts = tomllib.loads((paths.CONTAINERS / "images.toml").read_text(encoding="utf-8"))["parts"]
    trees = {tree for part in parts.values() for tree in part.get("trees", [])}
    for path in PATCHES.values():
        if not path.is_relative_to(FEATURES):
            assert path.relative_to(paths.ROOT).as_posix() in trees
