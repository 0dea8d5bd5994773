"""Lay the code image out: head, tables for code_image.c, then the objects."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import CodeType

from codeimage.elf import Relocations, object_file
from codeimage.layout import Layout
from codeimage.names import name_tables
from codeimage.objects import SYMBOLS, Node, Part

# As in code_image.c.
_HEAD, _MODULE, _SET = (struct.Struct(form) for form in ("<QQQQQQQQ", "<QQQQ", "<QQ"))
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the image.

    Attributes
    ----------
    key
        Where its marshalled code is: an offset in the bundle, or the symbol of
        what is frozen.
    code
        Its code.
    """

    key: int | str
    code: Node


@dataclass(frozen=True, slots=True)
class _Set:
    holder: Node
    at: int
    elements: Part


def _sets_below(code: Node) -> list[_Set]:
    found = []
    seen = {code}
    todo = [code]
    while todo:
        node = todo.pop()
        found += [_Set(node, at, elements) for at, elements in node.sets]
        for _, part in (*node.pointers, *node.sets):
            if isinstance(part, Node) and part not in seen:
                seen.add(part)
                todo.append(part)
    return found


class _Writer:
    def __init__(self, externals: Iterable[str]) -> None:
        self.data = bytearray(_HEAD.size)
        self.relocations = Relocations([*SYMBOLS, *externals])

    def add(self, data: bytes | bytearray, *pointers: tuple[int, Part | int]) -> int:
        """Append bytes, and the pointers in them; return their place."""
        place = len(self.data)
        self.data += data
        for at, target in pointers:
            self.point(place + at, target)
        return place

    def point(self, place: int, target: Part | int) -> None:
        if isinstance(target, int):
            self.relocations.add(place, None, target)
        elif isinstance(target, Node):
            self.relocations.add(place, None, target.place)
        else:
            self.relocations.add(place, *target)

    def align(self, unit: int) -> None:
        self.data += bytes(-len(self.data) % unit)


def write_image(layout: Layout, modules: Iterable[Module], order: Sequence[Node]) -> bytes:
    """Write the image as an object file.

    Parameters
    ----------
    layout
        How this Python lays its objects out.
    modules
        The modules that code_image.c can find.
    order
        All objects, in the order in which they will lie.

    Returns
    -------
    bytes
        An ELF object file that defines `hpcpy_code_image`.
    """
    code = {module.key: module.code for module in modules}
    # The numbers are sorted for a binary search; the frozen modules come behind them.
    numbers = sorted(key for key in code if isinstance(key, int))
    frozen = [key for key in code if isinstance(key, str)]
    keys: list[int | str] = [*numbers, *frozen]
    sets = {key: _sets_below(code[key]) for key in keys}
    slots = 1 << (2 * sum(node.text is not None for node in order)).bit_length()

    writer = _Writer(frozen)
    modules_size = _MODULE.size * len(keys)
    tables_size = modules_size + _SET.size * sum(map(len, sets.values())) + 4 * slots + slots // 4
    start = _HEAD.size + tables_size
    _place(order, layout["gc head"], start + -start % _PAGE)

    first = 0
    for key, own in sets.items():
        number = key if isinstance(key, int) else 0
        place = writer.add(_MODULE.pack(number, 0, first, len(own)), (8, code[key]))
        if isinstance(key, str):
            writer.point(place, (key, 0))
        first += len(own)
    set_place = len(writer.data)
    for one in (one for own in sets.values() for one in own):
        writer.add(_SET.pack(0, 0), (0, one.holder.place + one.at), (8, one.elements))
    name_place, filter_place = map(writer.add, name_tables(layout, order, slots))
    writer.align(_PAGE)
    versions = _write_objects(writer, layout, order)
    counts = (len(numbers), len(frozen))
    _HEAD.pack_into(writer.data, 0, *counts, 0, 0, 0, 0, slots - 1, versions)
    for at, place in enumerate((_HEAD.size, set_place, name_place, filter_place)):
        writer.point(16 + 8 * at, place)
    return object_file("hpcpy_code_image", bytes(writer.data), writer.relocations)


def _place(order: Sequence[Node], head: int, place: int) -> None:
    for node in order:
        place += head if node.is_collected else 0
        node.place = place
        place += len(node.raw) + -len(node.raw) % 8


def _write_objects(writer: _Writer, layout: Layout, order: Sequence[Node]) -> int:
    versions = 0
    for node in order:
        if node.is_collected:
            # All zero: the garbage collector does not track the object.
            writer.add(bytes(layout["gc head"]))
        if node.type is CodeType:
            at = layout["PyCodeObject.co_version"]
            version = layout["first version"] + versions
            node.raw[at : at + 4] = version.to_bytes(4, "little")
            versions += 1
        elif node.text is not None:
            node.raw[layout["state"]] |= layout["state.interned"]
        if writer.add(node.raw, *node.pointers) != node.place:
            raise ValueError("an object of the code image is not where it was to lie")
        writer.align(8)
    return versions
