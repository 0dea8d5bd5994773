"""An ELF object file with one section of data, whose pointers the linker fills in.

By an assembler the same would take several times as long: half a gigabyte of
text for the whole image.  The executable is not position-independent, so the
pointers are constants after the link.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence

_X86_64 = 62
_ABSOLUTE = 1  # R_X86_64_64, an address of 64 bits
_HEADER, _SECTION, _SYMBOL = (
    struct.Struct(form) for form in ("<16sHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IBBHQQ")
)
_PROGBITS, _SYMTAB, _STRTAB, _RELA = 1, 2, 3, 4
_WRITE, _ALLOC, _INFO = 1, 2, 64
_GLOBAL = 0x10
_DATA = 1
_PAGE = 4096


class Relocations:
    """The pointers of the section, by place."""

    def __init__(self, externals: Sequence[str]) -> None:
        self.externals = list(externals)
        # Symbols: none, the section, its name, what others define.
        self._numbers = {name: 3 + at for at, name in enumerate(self.externals)}
        self._words = array("Q")

    def add(self, place: int, symbol: str | None, offset: int) -> None:
        """Point the eight bytes at `place` to an offset from a symbol; with None, into data."""
        number = 1 if symbol is None else self._numbers[symbol]
        self._words.extend((place, number << 32 | _ABSOLUTE, offset))

    def tobytes(self) -> bytes:
        """Return the entries of the file's relocation section."""
        return self._words.tobytes()


def _strings(names: Sequence[str]) -> tuple[bytes, list[int]]:
    data, places = bytearray(b"\0"), []
    for name in names:
        places.append(len(data))
        data += name.encode() + b"\0"
    return bytes(data), places


def object_file(name: str, data: bytes, relocations: Relocations) -> bytes:
    """Lay an object file out.

    Parameters
    ----------
    name
        The symbol at the start of the data.
    data
        What the section holds.
    relocations
        Its pointers.

    Returns
    -------
    bytes
        The file, the same for the same data.
    """
    symbols, places = _strings([name, *relocations.externals])
    table = _SYMBOL.pack(0, 0, 0, 0, 0, 0) + _SYMBOL.pack(0, 3, 0, _DATA, 0, 0)
    table += _SYMBOL.pack(places[0], _GLOBAL | 1, 0, _DATA, 0, len(data))
    for place in places[1:]:
        table += _SYMBOL.pack(place, _GLOBAL, 0, 0, 0, 0)
    titles = [".data.hpcpy", ".rela.data.hpcpy", ".symtab", ".strtab", ".shstrtab"]
    titles.append(".note.GNU-stack")
    title_data, title_places = _strings(titles)
    # type, flags, bytes, link, info, alignment, size of an entry
    sections: list[tuple[int, int, bytes, int, int, int, int]] = [
        (_PROGBITS, _WRITE | _ALLOC, data, 0, 0, _PAGE, 0),
        (_RELA, _INFO, relocations.tobytes(), 3, _DATA, 8, 24),
        # The first global symbol is number 2.
        (_SYMTAB, 0, table, 4, 2, 8, _SYMBOL.size),
        (_STRTAB, 0, symbols, 0, 0, 1, 0),
        (_STRTAB, 0, title_data, 0, 0, 1, 0),
        (_PROGBITS, 0, b"", 0, 0, 1, 0),
    ]
    out = bytearray(_HEADER.size)
    heads = bytearray(_SECTION.size)
    for place, (kind, flags, content, link, info, align, entry) in zip(
        title_places, sections, strict=True
    ):
        out += bytes(-len(out) % align)
        size = len(content)
        heads += _SECTION.pack(place, kind, flags, 0, len(out), size, link, info, align, entry)
        out += content
    out += bytes(-len(out) % 8)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    sizes = (_HEADER.size, 0, 0, _SECTION.size, len(sections) + 1, 5)
    _HEADER.pack_into(out, 0, ident, 1, _X86_64, 1, 0, 0, len(out), 0, *sizes)
    return bytes(out + heads)
