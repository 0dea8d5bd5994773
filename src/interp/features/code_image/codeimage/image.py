"""Lay the code image out: head, tables for code_image.c, then the objects."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from types import CodeType

from codeimage.layout import Layout
from codeimage.names import name_tables
from codeimage.objects import Node, Part

# As in code_image.c.
_HEAD, _MODULE, _SET = (struct.Struct(form) for form in ("<QQQQQQQQ", "<QQQQ", "<QQ"))
_PAGE = 4096
_NAME = "hpcpy_code_image"
# The executable is not position-independent: after the link the pointers are constants.
_ASSEMBLY = f"""\
        .section .data.hpcpy, "aw", @progbits
        .balign {_PAGE}
        .global {_NAME}
{_NAME}:
        .incbin "{{data}}"
{{pointers}}
        .section .note.GNU-stack, "", @progbits
"""


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray(_HEAD.size)
        self.pointers: list[str] = []

    def add(self, data: bytes | bytearray, *pointers: tuple[int, Part | int]) -> int:
        """Append bytes, and the pointers in them; return their place."""
        place = len(self.data)
        self.data += data
        for at, target in pointers:
            self.point(place + at, target)
        return place

    def point(self, place: int, target: Part | int) -> None:
        if isinstance(target, tuple):
            symbol, offset = target
        else:
            symbol, offset = _NAME, target.place if isinstance(target, Node) else target
        self.pointers.append(f".reloc {place}, BFD_RELOC_64, {symbol}+{offset}")

    def align(self, unit: int) -> None:
        self.data += bytes(-len(self.data) % unit)


def write_image(
    layout: Layout, modules: Mapping[int | str, Node], order: Sequence[Node], file: str
) -> tuple[bytes, str]:
    """Return the image's bytes, and assembly that includes them from `file` and has the pointers.

    `modules` are those that code_image.c can find, by the place of their marshalled code: an
    offset in the bundle, or the symbol of what is frozen.
    """
    # The numbers are sorted for a binary search; the frozen modules come behind them.
    numbers = sorted(key for key in modules if isinstance(key, int))
    frozen = [key for key in modules if isinstance(key, str)]
    keys: list[int | str] = [*numbers, *frozen]
    sets = {
        key: [(node, at, elements) for node in modules[key].below() for at, elements in node.sets]
        for key in keys
    }
    slots = 1 << (2 * sum(node.text is not None for node in order)).bit_length()
    set_place = _HEAD.size + _MODULE.size * len(sets)
    tables_end = set_place + _SET.size * sum(map(len, sets.values())) + 4 * slots + slots // 4
    _place(order, layout["gc head"], tables_end + -tables_end % _PAGE)

    writer = _Writer()
    first = 0
    for key, own in sets.items():
        number = key if isinstance(key, int) else 0
        place = writer.add(_MODULE.pack(number, 0, first, len(own)), (8, modules[key]))
        if isinstance(key, str):
            writer.point(place, (key, 0))
        first += len(own)
    for holder, at, elements in (entry for own in sets.values() for entry in own):
        writer.add(_SET.pack(0, 0), (0, holder.place + at), (8, elements))
    name_place, filter_place = map(writer.add, name_tables(layout, order, slots))
    writer.align(_PAGE)
    versions = _write_objects(writer, layout, order)
    counts = (len(numbers), len(frozen))
    _HEAD.pack_into(writer.data, 0, *counts, 0, 0, 0, 0, slots - 1, versions)
    for at, place in enumerate((_HEAD.size, set_place, name_place, filter_place)):
        writer.point(16 + 8 * at, place)
    return bytes(writer.data), _ASSEMBLY.format(data=file, pointers="\n".join(writer.pointers))


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
