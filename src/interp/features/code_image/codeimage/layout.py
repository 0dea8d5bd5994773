"""How one CPython lays its objects out: what layout.c printed."""

from __future__ import annotations

import sys

_POINTER = 8
_WORD = (1 << 64) - 1


class Layout:
    """Sizes and offsets by name; a ValueError refuses those of another Python's headers."""

    def __init__(self, text: str) -> None:
        self._facts = {
            name: int(value) for name, _, value in (x.rpartition(" ") for x in text.splitlines())
        }
        if self["version"] != sys.hexversion or self["pointer"] != _POINTER:
            raise ValueError(
                f"the headers are those of Python {self['version']:#x}, "
                f"and this is {sys.hexversion:#x} with pointers of {_POINTER} bytes"
            )

    def __getitem__(self, name: str) -> int:
        return self._facts[name]

    def pointer(self, raw: bytes | bytearray, field: str) -> int:
        """Read the pointer in a field of an object's bytes."""
        at = self[field]
        return int.from_bytes(raw[at : at + _POINTER], sys.byteorder)

    def set_word(self, raw: bytearray, field: str, value: int) -> None:
        """Write a field of eight bytes."""
        at = self[field]
        raw[at : at + _POINTER] = (value & _WORD).to_bytes(_POINTER, sys.byteorder)
