"""No import runs upward among the packages of `src`, and none of them has a circle of modules."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping

import pytest

from hpcpy.core import paths

SOURCES = paths.ROOT / "src"
# Each imports itself and those before it. Types alone are no import at run time.
ORDER = ("hpcpy_common", "workloads", "hpcpy_job", "workloads_spark", "hpcpy")
# So do the folders and single modules of the tool.
FOLDERS = (
    *("core", "pins", "fetch", "engine", "sbom", "images", "cluster", "launch", "pack"),
    *("lock", "release", "clean", "maintain", "commands", "__main__"),
)


def modules() -> dict[str, ast.Module]:
    trees = {}
    for package in ORDER:
        for file in (SOURCES / package).rglob("*.py"):
            parts = file.relative_to(SOURCES).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            trees[name] = ast.parse(file.read_text(encoding="utf-8"))
    return trees


def imported(node: ast.AST) -> Iterator[str]:
    """Give the modules of all imports below a node, also within functions."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
            yield module
    for child in ast.iter_child_nodes(node):
        yield from imported(child)


@functools.cache
def graph() -> dict[str, set[str]]:
    """Return the modules that each imports; of ``from a import b`` that is b, if it is one."""
    trees = modules()
    edges = {}
    for name, tree in trees.items():
        targets = {target for target in imported(tree) if target in trees} - {name}
        packages = {target.rpartition(".")[0] for target in targets}
        edges[name] = targets - packages
    return edges


def reached(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = {start}
    while todo:
        todo = {target for name in todo for target in edges[name]} - seen
        seen |= todo
    return seen


def test_a_package_imports_only_those_before_it() -> None:
    level = {name: ORDER.index(name.partition(".")[0]) for name in graph()}
    pairs = [(name, target) for name, targets in graph().items() for target in targets]
    assert [(name, target) for name, target in pairs if level[target] > level[name]] == []


def test_a_folder_of_the_tool_imports_only_those_before_it() -> None:
    own = {name: name.split(".")[1] for name in graph() if name.startswith("hpcpy.")}
    pairs = [(name, other) for name in own for other in graph()[name] if other in own]
    level = {name: FOLDERS.index(folder) for name, folder in own.items()}
    assert [(name, other) for name, other in pairs if level[other] > level[name]] == []


@pytest.mark.parametrize("package", ORDER)
def test_no_module_of_a_package_imports_itself_by_others(package: str) -> None:
    edges = graph()
    own = [name for name in edges if name.partition(".")[0] == package]
    circle = [name for name in own if name in reached(name, edges)]
    assert circle == []


def test_what_writes_files_imports_no_ranks() -> None:
    below = {"hpcpy_common.cleanup", "hpcpy_common.errors"}
    assert reached("hpcpy_common.files", graph()) == below
