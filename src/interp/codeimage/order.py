"""What lies beside what: the pages that every import reads come first.

A page of 4 KiB is the machine's unit of reading, and of copying once a process
writes into it, as running does: it marks instructions and keeps the hashes of
names.  What an import runs must not lie among what it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from types import CodeType

from codeimage.objects import Node, Part
from codeimage.seen import Training


class Area(IntEnum):
    """Parts of the image, in their order."""

    START_NAMES = 0
    NAMES = 1
    RUN = 2
    READ = 3
    """What making a function or a class reads, and running besides the code."""
    RUN_LATER = 4
    CODE = 5
    OTHERS = 6
    TABLES = 7
    """Lines and exceptions, for tracebacks."""


def _nodes(parts: Iterable[tuple[int, Part]]) -> Iterator[Node]:
    return (part for _, part in parts if isinstance(part, Node))


class Order:
    """Sorts nodes into areas, each where it is met first.

    Parameters
    ----------
    training
        What imports run.
    """

    def __init__(self, training: Training) -> None:
        self._training = training
        self._areas: dict[Node, Area] = {}

    def of(self, modules: Iterable[Node]) -> list[Node]:
        """Return all objects of the modules, in their order."""
        by_file = {module.code.co_filename: module for module in modules if module.code}
        for file in self._training.files:
            if file in by_file:
                self._add(by_file.pop(file), is_made=True)
        if by_file:
            raise ValueError(f"{', '.join(by_file)}: the training has not seen them")
        return sorted(self._areas, key=self._areas.__getitem__)

    def _add(self, node: Node, *, is_made: bool) -> None:
        if node.code is None:
            raise ValueError("what is sorted first must be code")
        has_run = self._training.has_run(node.code)
        later = Area.RUN_LATER if self._training.runs_later(node.code) else Area.CODE
        self._put(node, Area.RUN if has_run else later)
        below: list[Node] = []
        todo = [(part, 0) for part in _nodes(node.pointers)]
        while todo:
            part, depth = todo.pop(0)
            if part.type is CodeType:
                below.append(part)
                continue
            self._put(part, self._area(part, has_run=has_run, is_made=is_made and depth < 2))
            todo += [(deeper, depth + 1) for deeper in _nodes((*part.pointers, *part.sets))]
        for part in below:
            # Running the code above made a function of it.
            self._add(part, is_made=has_run)

    def _put(self, node: Node, area: Area) -> None:
        self._areas[node] = min(area, self._areas.get(node, area))

    def _area(self, node: Node, *, has_run: bool, is_made: bool) -> Area:
        if node.type is bytes:
            return Area.TABLES
        if node.text is not None:
            if node.text in self._training.start_names:
                return Area.START_NAMES
            if has_run or node.text in self._training.names:
                return Area.NAMES
        return Area.READ if has_run or is_made else Area.OTHERS
