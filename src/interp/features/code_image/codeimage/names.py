"""The table by which the interpreter finds the strings of the image.

Python keeps one object for each name.  For a name in the image, that is the image's
object: whoever makes an equal string and has it interned gets the image's.  The table
is searched before Python's own and is never written.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from codeimage.layout import Layout
from codeimage.objects import Node

_WORD = (1 << 64) - 1
_PLACE_BITS = 24


def name_hash(data: bytes) -> int:
    """Hash a string's first and last eight bytes and its length, as code_image.c does."""
    first = int.from_bytes(data[:8], "little")
    last = int.from_bytes(data[-8:], "little")
    mixed = first * 0x9E3779B97F4A7C15 ^ last * 0xC2B2AE3D27D4EB4F ^ len(data) * 0x165667B19E3779F9
    mixed &= _WORD
    mixed ^= mixed >> 29
    return (mixed * 0xBF58476D1CE4E5B9 & _WORD) >> 32


def name_tables(layout: Layout, order: Sequence[Node], slots: int) -> tuple[bytes, bytes]:
    """Return the hash table of names, with open addressing, and its Bloom filter.

    A slot, of a power of two, has 32 bits: eight of the hash, so that few strings are read in
    vain, and the place in units of 8 bytes; 0 if it is empty.  The filter has two bits for
    each slot, one of which each name sets: it is small enough for the processor's cache, and
    excludes most strings that are not in the table.
    """
    table = array("I", bytes(4 * slots))
    bits = bytearray(slots // 4)
    ascii_head, other_head = layout["PyASCIIObject"], layout["PyCompactUnicodeObject"]
    for node in order:
        if node.text is None:
            continue
        head = ascii_head if node.text.isascii() else other_head
        width = (len(node.raw) - head) // (len(node.text) + 1)
        number = name_hash(bytes(node.raw[head : len(node.raw) - width]))
        bit = number & (2 * slots - 1)
        bits[bit // 8] |= 1 << bit % 8
        at = number & (slots - 1)
        while table[at]:
            at = (at + 1) & (slots - 1)
        if node.place >= 8 << _PLACE_BITS:
            raise ValueError("the code image is larger than 128 MiB")
        table[at] = number >> _PLACE_BITS << _PLACE_BITS | node.place // 8
    return table.tobytes(), bytes(bits)
