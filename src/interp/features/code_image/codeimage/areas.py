"""The order of the objects: the pages that every import reads come first.

A page of 4 KiB is copied as a whole once a process writes to it, as running does: it
marks instructions and stores the hashes of names.  So objects that an import runs must
not lie among others.  What an import reads lies beside them: on a fresh mount the kernel
reads up to 2.5 MB around each page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from types import CodeType
from typing import Any

from codeimage.layout import Layout
from codeimage.objects import Node

_CO_NEWLOCALS = 2


class Area(IntEnum):
    """Parts of the image, in their order; each has its objects in the order of the imports."""

    START_NAMES = 0
    START_RUN = 1
    START_READ = 2
    NAMES = 3
    RUN = 4
    READ = 5
    """What running reads besides the code itself."""
    RUN_LATER = 6
    """What only the first compilation by numba runs."""
    OTHERS = 7
    TABLES = 8
    """Lines, for tracebacks, and the handlers of code that no import runs."""


_READ_BY = {Area.START_RUN: Area.START_READ, Area.RUN: Area.READ}


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
            return min(area_of_code(node.code), read.get(node, Area.OTHERS))
        if node.text is not None and (node.text in names or node in read):
            return Area.START_NAMES if node.text in start else Area.NAMES
        return read.get(node, Area.TABLES if node.type is bytes else Area.OTHERS)

    nodes = dict.fromkeys(node for module in modules for node in module.below())
    read = _all_read(layout, nodes, area_of_code)
    return sorted(nodes, key=area)


def _all_read(
    layout: Layout, nodes: Iterable[Node], area_of: Callable[[CodeType], Area]
) -> dict[Node, Area]:
    """Return the nodes that an import reads, each with its area."""
    read: dict[Node, Area] = {}
    for node in nodes:
        by = _READ_BY.get(area_of(node.code)) if node.code else None
        if by is not None:
            for part in _read(layout, node):
                read[part] = min(by, read.get(part, by))
        for _, elements in node.sets:
            # Sets are made as their module is loaded.
            if isinstance(elements, Node):
                read.setdefault(elements, Area.READ)
    return read


def _read(layout: Layout, code: Node) -> Iterator[Node]:
    """Yield what running code reads; of code in it what making a function of it reads."""
    lines, constants = layout["PyCodeObject.co_linetable"], layout["PyCodeObject.co_consts"]
    todo = _parts(code, without=lines)
    for node in todo:
        yield node
        if node.code is None:
            todo += _parts(node)
        else:
            yield from _parts(node, without=lines)
            made = dict(node.pointers)[constants]
            if isinstance(made, Node):
                # The documentation is the first constant.
                yield from _parts(made)[:1]


def _parts(node: Node, without: int | None = None) -> list[Node]:
    return [
        part
        for at, part in (*node.pointers, *node.sets)
        if at != without and isinstance(part, Node)
    ]
