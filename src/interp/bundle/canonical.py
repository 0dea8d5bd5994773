"""Marshal values to bytes that depend on the values alone.

`marshal.dumps` flags each object that is referred to from anywhere in the
process and writes back-references by identity.  So the same source gives
other bytes in another process, and another image.  Here the stream is read
into a tree and written again: equal constants once, back-references where they
shorten it, frozensets sorted.  The grammar is that of CPython's
`Python/marshal.c`, versions 3.11 to 3.14.
"""

from __future__ import annotations

import marshal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_FLAG_REF = 0x80
_REFERENCE_SIZE = 5

# Bytes that follow a type of fixed size; NULL, None, True, False, Ellipsis and
# StopIteration have none.
_FIXED = {**dict.fromkeys(b"0NTF.S", 0), ord("i"): 4, ord("g"): 8, ord("y"): 16}
# Types whose size comes first, in one byte or four, and the bytes of a unit.
_SHORT = frozenset(b"zZ)")
_TEXTS = {**dict.fromkeys(b"zZaAsut", 1), ord("l"): 2}
_SEQUENCES = frozenset(b")([<>")
_SETS = frozenset(b"<>")
# A code object: five numbers, eight objects from the bytecode to the qualified
# name, the first line, the line table, the exception table.
_CODE_HEAD, _CODE_OBJECTS, _CODE_TAIL = 20, 8, 2


@dataclass(slots=True, eq=False)
class _Node:
    kind: int  # 0: bytes that are no object
    head: bytes
    children: Sequence[_Node] = ()
    plain: bytes = b""
    """What it is without back-references: equal for equal values alone."""

    @property
    def is_shared(self) -> bool:
        return self.kind != ord("c") and self.kind != 0 and len(self.plain) > _REFERENCE_SIZE


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._references: list[_Node | None] = []

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def node(self) -> _Node:
        byte = self._take(1)[0]
        kind = byte & ~_FLAG_REF
        if kind == ord("r"):
            known = self._references[int.from_bytes(self._take(4), "little")]
            if known is None:
                raise ValueError("an object that holds itself")
            return known
        number = len(self._references)
        if byte & _FLAG_REF:
            # marshal numbers an object before the objects in it.
            self._references.append(None)
        node = self._object(kind)
        node.plain = bytes([kind]) + node.head + b"".join([c.plain for c in node.children])
        if byte & _FLAG_REF:
            self._references[number] = node
        return node

    def _nodes(self, count: int) -> list[_Node]:
        return [self.node() for _ in range(count)]

    def _object(self, kind: int) -> _Node:
        if kind in _FIXED:
            return _Node(kind, self._take(_FIXED[kind]))
        if kind == ord("c"):
            return self._code()
        if kind == ord(":"):
            return _Node(kind, b"", self._nodes(3))
        if kind == ord("{"):
            return self._table()
        head = self._take(1 if kind in _SHORT else 4)
        size = abs(int.from_bytes(head, "little", signed=len(head) == 4))
        if kind in _TEXTS:
            return _Node(kind, head + self._take(_TEXTS[kind] * size))
        if kind not in _SEQUENCES:
            raise ValueError(f"marshal's type {chr(kind)!r} is not known here")
        inside = self._nodes(size)
        if kind in _SETS:
            inside.sort(key=lambda node: node.plain)
        return _Node(kind, head, inside)

    def _code(self) -> _Node:
        head, before = self._take(_CODE_HEAD), self._nodes(_CODE_OBJECTS)
        line = self._take(4)
        raw = _Node(0, line, plain=line)
        return _Node(ord("c"), head, [*before, raw, *self._nodes(_CODE_TAIL)])

    def _table(self) -> _Node:
        inside = self._nodes(1)
        while inside[-1].kind != ord("0"):
            inside.append(self.node())
        return _Node(ord("{"), b"", inside)


def _count(node: _Node, uses: Counter[bytes]) -> None:
    if node.is_shared:
        uses[node.plain] += 1
        if uses[node.plain] > 1:
            return
    for child in node.children:
        _count(child, uses)


def _write(node: _Node, uses: Counter[bytes], numbers: dict[bytes, int], out: bytearray) -> None:
    if node.kind == 0:
        out += node.head
        return
    kind = node.kind
    if node.is_shared and uses[node.plain] > 1:
        number = numbers.get(node.plain)
        if number is not None:
            out += b"r" + number.to_bytes(4, "little")
            return
        numbers[node.plain] = len(numbers)
        kind |= _FLAG_REF
    out.append(kind)
    out += node.head
    for child in node.children:
        _write(child, uses, numbers, out)


def canonical(value: Any) -> bytes:
    """Marshal a value, to the same bytes in every process."""
    root = _Reader(marshal.dumps(value)).node()
    uses: Counter[bytes] = Counter()
    _count(root, uses)
    out = bytearray()
    _write(root, uses, {}, out)
    data = bytes(out)
    if marshal.loads(data) != value:  # noqa: S302
        raise ValueError(f"{value!r}: marshalled, it is something else")
    return data
