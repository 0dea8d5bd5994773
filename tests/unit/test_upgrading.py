"""Each patch says when it can go, names tests that there are, and is applied by its part."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hpcpy.build.graph import the_graph
from hpcpy.core import paths

FEATURES = paths.ROOT / "src/interp/features"
BY_PART = {
    f"{path.parent.name}/{path.stem}": path for path in (paths.RECIPES / "patches").rglob("*.patch")
}
PATCHES = {**BY_PART, **{f"features/{path.stem}": path for path in FEATURES.rglob("*.patch")}}
UNTIL = tomllib.loads((paths.ROOT / "docs/results/patches.toml").read_text(encoding="utf-8"))


def test_each_patch_says_when_it_can_go() -> None:
    assert list(UNTIL) == sorted(PATCHES)


def test_a_patch_names_tests_that_there_are() -> None:
    for name, path in PATCHES.items():
        found = re.findall(r"(?m)^Test: (.+)$", path.read_text(encoding="utf-8"))
        assert len(found) == 1, name
        assert [test for test in found[0].split(", ") if not (paths.ROOT / test).is_file()] == []


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
