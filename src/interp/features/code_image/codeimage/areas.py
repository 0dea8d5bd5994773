"""The order of the objects: the pages that every import writes to come first.

A page of 4 KiB is copied as a whole once a process writes to it, as running does: it
marks instructions and stores the hashes of names.  So objects that an import runs must
not lie among others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from types import CodeType
from typing import Any

from codeimage.layout import Layout
from codeimage.objects import Node, Part

_CO_NEWLOCALS = 2


class Area(IntEnum):
    """Parts of the image, in their order; each has its objects in the order of the imports."""

    START_NAMES = 0
    START_RUN = 1
    NAMES = 2
    RUN = 3
    RUN_LATER = 4
    """What only the first compilation by numba runs."""
    OTHERS = 5
    TABLES = 6
    """Lines, for tracebacks, and the handlers of code that no import runs."""


def in_order(layout: Layout, modules: Iterable[Node], seen: Mapping[str, Any]) -> list[Node]:
    """Return all objects of modules; `seen` is what training.py wrote."""
    start, names = frozenset(seen["start names"]), frozenset(seen["names"])
    files = frozenset(seen["start"])
    runs = [
        (area, frozenset(map(tuple, seen[key])))
        for area, key in (
            (Area.START_RUN, "started"),
            (Area.RUN, "run"),
            (Area.RUN_LATER, "run later"),
        )
    ]

    def area_of_code(code: CodeType) -> Area:
        if code.co_filename in files and not code.co_flags & _CO_NEWLOCALS:
            # Bodies of modules and classes are gone before training.py can look.
            return Area.START_RUN
        place = (code.co_filename, code.co_qualname, code.co_firstlineno)
        return next((area for area, places in runs if place in places), Area.OTHERS)

    def area(node: Node) -> Area:
        if node.code is not None:
            return area_of_code(node.code)
        if node.text is not None and (node.text in names or node in used):
            return Area.START_NAMES if node.text in start else Area.NAMES
        return Area.TABLES if node.type is bytes and node not in handlers else Area.OTHERS

    found = dict.fromkeys(node for module in modules for node in module.below())
    used: set[Node] = set()
    # An import that tries one module after the other reads them.
    handlers: set[Part] = set()
    for node in found:
        if node.code is not None and area(node) <= Area.RUN:
            used.update(_constants(node))
            handlers.add(dict(node.pointers)[layout["PyCodeObject.co_exceptiontable"]])
    return sorted(found, key=area)


def _constants(code: Node) -> Iterator[Node]:
    """Yield what code refers to, without the code in it."""
    todo = [part for _, part in code.pointers]
    for part in todo:
        if isinstance(part, Node) and part.code is None:
            yield part
            todo += [deeper for _, deeper in (*part.pointers, *part.sets)]
