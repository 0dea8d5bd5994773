"""The folders of ``hpcpy`` import each other in one direction."""

import ast

from hpcpy.core import paths

LAYERS = (
    *("core", "pins", "apt", "fetch", "engine", "sbom", "build"),
    *("cluster", "launch", "pack", "release", "lock", "cli"),
)


def test_a_folder_imports_only_those_before_it() -> None:
    for layer, name in enumerate(LAYERS):
        for file in (paths.ROOT / "src/hpcpy" / name).rglob("*.py"):
            nodes = ast.walk(ast.parse(file.read_text()))
            modules = [str(one.module) for one in nodes if isinstance(one, ast.ImportFrom)]
            folders = [one.split(".")[1] for one in modules if one.startswith("hpcpy.")]
            assert {*folders} <= {*LAYERS[: layer + 1]}, file
