"""The checkout agrees with itself: patches and their tests, folders' imports, figures of pages."""

import ast
import re
import sys
import tomllib

from hpcpy.core import paths
from running import printed, run

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


LAYERS = (
    *("core", "pins", "fetch", "engine", "sbom", "build"),
    *("cluster", "launch", "pack", "release", "lock", "cli"),
)


def test_a_folder_imports_only_those_before_it() -> None:
    for layer, name in enumerate(LAYERS):
        for file in (paths.ROOT / "src/hpcpy" / name).rglob("*.py"):
            nodes = ast.walk(ast.parse(file.read_text()))
            modules = [str(one.module) for one in nodes if isinstance(one, ast.ImportFrom)]
            folders = [one.split(".")[1] for one in modules if one.startswith("hpcpy.")]
            assert {*folders} <= {*LAYERS[: layer + 1]}, file


def test_each_figure_of_the_pages_is_that_of_its_report() -> None:
    assert printed(run(sys.executable, paths.ROOT / "benchmarks/pages.py", "--check")) == ""
