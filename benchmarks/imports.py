"""Print the tool's plan: each package and folder of src with its lines, and what it imports.

`--of hpcpy.launch.command` prints the files that a module's imports reach, also those that
functions import; `tests/unit/test_checkout.py` holds their order.
"""

from __future__ import annotations

import argparse
import ast
import functools
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping

from checkout import ROOT

SOURCES = ROOT / "src"
# Each imports itself and those before it. Types alone are no import at run time.
PACKAGES = ("hpcpy_common", "workloads", "hpcpy_job", "workloads_spark", "hpcpy", "hpcpy_cluster")


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


def folder_of(name: str) -> str:
    """Return the package of a module, of the tool the folder or the single module."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "hpcpy" else parts[0]


def main() -> int:
    """Print the plan, or what one module reaches."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--of", choices=sorted(graph()), metavar="MODULE", help="one module")
    options = parser.parse_args()
    if options.of:
        print(*sorted(reached(options.of, graph())), sep="\n")
        return 0
    lines: dict[str, int] = defaultdict(int)
    needs: dict[str, set[str]] = defaultdict(set)
    for name, text in _modules().items():
        folder = folder_of(name)
        lines[folder] += len(text.splitlines())
        needs[folder] |= {folder_of(target) for target in graph()[name]} - {folder, "hpcpy"}
    for folder, count in lines.items():
        print(f"{folder:<20}{count:>6}  {', '.join(sorted(needs[folder]))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
