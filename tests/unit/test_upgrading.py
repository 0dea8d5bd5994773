"""docs/results/patches.md has a row for each patch, and names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from hpcpy.build.graph import the_graph
from hpcpy.core import paths

FEATURES = paths.ROOT / "src/interp/features"
BY_PART = {
    f"{path.parent.name}/{path.stem}": path for path in (paths.RECIPES / "patches").rglob("*.patch")
}
PATCHES = {**BY_PART, **{f"features/{path.stem}": path for path in FEATURES.rglob("*.patch")}}
TEXT = (paths.ROOT / "docs/results/patches.md").read_text(encoding="utf-8")
# Name -> why, when it goes, its tests.
ROWS = dict(re.findall(r"(?m)^\| `([\w/-]+)` \| (.+ \| .+ \| `tests/.+`) \|$", TEXT))


def test_each_patch_has_a_row_and_each_row_a_patch() -> None:
    assert list(ROWS) == sorted(ROWS)
    assert set(ROWS) == set(PATCHES)


def test_a_row_has_the_tests_that_its_patch_names() -> None:
    for name, row in ROWS.items():
        found = re.findall(r"`([^`]+)`", row.split(" | ")[2])
        assert f"\nTest: {', '.join(found)}\n" in PATCHES[name].read_text(encoding="utf-8"), name
        assert [test for test in found if not (paths.ROOT / test).is_file()] == []


def applied(part: str) -> list[Path]:
    return [path for path in the_graph().parts[part].files if path.suffix == ".patch"]


def test_each_patch_is_an_input_of_the_part_of_its_folder_and_applied_by_its_recipe() -> None:
    for name, path in BY_PART.items():
        part = name.partition("/")[0]
        assert path in applied(part)
        calls = [file.read_text() for file in applied_by(part)]
        assert re.search(r"(?m)^ *apply_patches |^patch_copies ", "".join(calls)), part


def applied_by(part: str) -> list[Path]:
    return [paths.RECIPES / f"{part}.sh", *(paths.RECIPES / part).glob("*.sh")]


def test_no_other_file_names_a_patch_of_a_part() -> None:
    for path in [*paths.RECIPES.rglob("*.sh"), paths.CONTAINERS / "images.toml"]:
        assert not re.findall(r"[\w-]+\.patch\b", path.read_text(encoding="utf-8")), path
