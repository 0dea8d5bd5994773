"""What each module of src imports, within functions too."""

import ast
import functools
from collections.abc import Iterator, Mapping

from hpcpy.core.paths import ROOT

SOURCES = ROOT / "src"
# Each imports itself and those before it. Types alone are no import at run time.
PACKAGES = ("hpcpy_common", "workloads", "hpcpy_job", "workloads_spark", "hpcpy")


@functools.cache
def _modules() -> dict[str, str]:
    """Return each module's text by its name."""
    texts = {}
    for package in PACKAGES:
        for file in sorted((SOURCES / package).rglob("*.py")):
            parts = file.relative_to(SOURCES).with_suffix("").parts
            texts[".".join(parts).removesuffix(".__init__")] = file.read_text(encoding="utf-8")
    return texts


def _imported(node: ast.AST) -> Iterator[str]:
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
        yield from _imported(child)


@functools.cache
def graph() -> dict[str, set[str]]:
    """Return the modules that each imports; of ``from a import b`` that is b, if it is one."""
    edges = {}
    for name, text in _modules().items():
        targets = {each for each in _imported(ast.parse(text)) if each in _modules()} - {name}
        edges[name] = targets - {target.rpartition(".")[0] for target in targets}
    return edges


def reached(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """Return all modules that one imports, and those that these import."""
    seen: set[str] = set()
    todo = {start}
    while todo:
        todo = {target for name in todo for target in edges[name]} - seen
        seen |= todo
    return seen
