"""No import runs upward among the packages of `src`, and none of them has a circle of modules."""

from __future__ import annotations

import pytest

from imports import PACKAGES, graph, reached

# The folders and single modules of the tool: each imports itself and those before it.
FOLDERS = (
    *("core", "pins", "fetch", "engine", "sbom", "images", "launch", "pack"),
    *("lock", "release", "clean", "maintain", "commands", "__main__"),
)


def test_a_package_imports_only_those_before_it() -> None:
    level = {name: PACKAGES.index(name.partition(".")[0]) for name in graph()}
    pairs = [(name, target) for name, targets in graph().items() for target in targets]
    assert [(name, target) for name, target in pairs if level[target] > level[name]] == []


def test_a_folder_of_the_tool_imports_only_those_before_it() -> None:
    own = {name: name.split(".")[1] for name in graph() if name.startswith("hpcpy.")}
    pairs = [(name, other) for name in own for other in graph()[name] if other in own]
    level = {name: FOLDERS.index(folder) for name, folder in own.items()}
    assert [(name, other) for name, other in pairs if level[other] > level[name]] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_of_a_package_imports_itself_by_others(package: str) -> None:
    edges = graph()
    own = [name for name in edges if name.partition(".")[0] == package]
    circle = [name for name in own if name in reached(name, edges)]
    assert circle == []


def test_what_writes_files_imports_no_ranks() -> None:
    below = {"hpcpy_common.cleanup", "hpcpy_common.errors"}
    assert reached("hpcpy_common.files", graph()) == below
