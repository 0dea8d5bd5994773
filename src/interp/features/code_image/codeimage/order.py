"""The order of the objects: the pages that every import reads come first.

A page of 4 KiB is read as a whole, and copied as a whole once a process writes to it,
as running does: it marks instructions and stores the hashes of names.  So objects that
an import runs must not lie among others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum
from types import CodeType

from codeimage.objects import Node, Part
from codeimage.seen import Training


class Area(IntEnum):
    """Parts of the image, in their order."""

    START_NAMES = 0
    START_RUN = 1
    START_READ = 2
    NAMES = 3
    RUN = 4
    READ = 5
    """What making a function or a class reads, and running besides the code."""
    RUN_LATER = 6
    CODE = 7
    OTHERS = 8
    TABLES = 9
    """Lines, for tracebacks, and the handlers of code that no import runs."""


# Area of code -> area of what that code reads besides itself.
_READ_BY = {Area.START_RUN: Area.START_READ, Area.RUN: Area.READ}
# Size of the head in front of a bytes object's data; one byte, zero, is behind the data.
_BYTES_HEAD = sys.getsizeof(b"") - 1


def _nodes(parts: Iterable[tuple[int, Part]]) -> Iterator[Node]:
    return (part for _, part in parts if isinstance(part, Node))


def _is_handlers_of(node: Node, code: CodeType) -> bool:
    """Say whether a node is the exception table of some code."""
    return node.type is bytes and bytes(node.raw[_BYTES_HEAD:-1]) == code.co_exceptiontable


class Order:
    """Sorts nodes into areas; in each they lie in the order in which they are met.

    Parameters
    ----------
    training
        What starts load and run.
    """

    def __init__(self, training: Training) -> None:
        self._training = training
        self._areas: dict[Node, Area] = {}

    def of(self, modules: Iterable[Node]) -> list[Node]:
        """Return all objects of the modules, in their order.

        Raises
        ------
        ValueError
            When the training has not seen a module.
        """
        by_file = {module.code.co_filename: module for module in modules if module.code}
        for file in self._training.files:
            if file in by_file:
                self._add(by_file.pop(file), maker=None)
        if by_file:
            raise ValueError(f"{', '.join(by_file)}: the training has not seen them")
        return sorted(self._areas, key=self._areas.__getitem__)

    def _add(self, node: Node, *, maker: Area | None) -> None:
        """Place code; `maker` is the area of the code that makes a function of it."""
        if node.code is None:
            raise ValueError("what is sorted first must be code")
        area = self._area_of_code(node.code)
        # Running the code above made a function of it, and looked into it.
        made = _READ_BY.get(area if maker is None else maker)
        self._put(node, area if made is None else min(area, made))
        below: list[Node] = []
        todo = [(part, 0) for part in _nodes(node.pointers)]
        while todo:
            part, depth = todo.pop(0)
            if part.type is CodeType:
                below.append(part)
                continue
            made_of = made if depth < 2 else None
            read = _READ_BY.get(area, made_of)
            if _is_handlers_of(part, node.code):
                # An import that tries one module after the other reads this table.
                self._put(part, _READ_BY.get(area, Area.TABLES))
                continue
            self._put(part, self._area(part, read))
            todo += [(deeper, depth + 1) for deeper in _nodes((*part.pointers, *part.sets))]
        for part in below:
            self._add(part, maker=area)

    def _area_of_code(self, code: CodeType) -> Area:
        if self._training.starts(code):
            return Area.START_RUN
        if self._training.has_run(code):
            return Area.RUN
        return Area.RUN_LATER if self._training.runs_later(code) else Area.CODE

    def _put(self, node: Node, area: Area) -> None:
        self._areas[node] = min(area, self._areas.get(node, area))

    def _area(self, node: Node, read: Area | None) -> Area:
        if node.type is bytes:
            return Area.TABLES
        if node.text is not None:
            if node.text in self._training.start_names:
                return Area.START_NAMES
            if read is not None or node.text in self._training.names:
                return Area.NAMES
        return Area.OTHERS if read is None else read
