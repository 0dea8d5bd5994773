"""Shared objects as they lie in a wheel: segments, symbols, relocations.

Little-endian ELF of 64 bits; the numbers are those of elf(5) and of the
processor's psABI.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

LOAD, DYNAMIC, TLS, EH_FRAME, STACK = 1, 2, 7, 0x6474E550, 0x6474E551
NEEDED, PLTRELSZ, STRTAB, SYMTAB, RELA, RELASZ, STRSZ, SYMENT = 1, 2, 5, 6, 7, 8, 10, 11
INIT, FINI, SONAME, RPATH, JMPREL, TEXTREL, RUNPATH = 12, 13, 14, 15, 23, 22, 29
INIT_ARRAY, FINI_ARRAY, INIT_ARRAYSZ, FINI_ARRAYSZ, RELRSZ, RELR = 25, 26, 27, 28, 35, 36
VERSYM, VERDEF, VERDEFNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
VERNEED, VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
X86_64 = 62
STT_TLS = 6
RELATIVE = 8

_DYNSYM = 11
_LOCAL, _WEAK, _UNIQUE = 0, 2, 10
# Of a version: it is not the default, and it is the file's own name.
_HIDDEN, _BASE = 0x8000, 1
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QIIq")


class ElfError(ValueError):
    """A file that is no shared object of the kind that is known here."""


class Segment(NamedTuple):
    """A program header."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    size: int
    align: int


class Symbol(NamedTuple):
    """A dynamic symbol.

    A version is the name of its library, nothing for the symbol's own, and its
    own name; a hidden one is found by whoever asks for this version alone.
    """

    name: str
    kind: int
    bind: int
    section: int
    value: int
    version: tuple[str, str] | None
    hidden: bool = False

    @property
    def weak(self) -> bool:
        """Whether nobody minds when it is nowhere."""
        return self.bind == _WEAK

    @property
    def unique(self) -> bool:
        """Whether a process has one of it, whoever else defines it."""
        return self.bind == _UNIQUE


class Relocation(NamedTuple):
    """What the loader writes, and where."""

    offset: int
    kind: int
    symbol: int
    addend: int


class Library:
    """A shared object.

    Parameters
    ----------
    path
        Where it lies.

    Raises
    ------
    ElfError
        When it is none, or not one for this kind of processor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        try:
            head = _HEADER.unpack_from(self.data)
            programs = range(head[5], head[5] + head[10] * _PROGRAM.size, _PROGRAM.size)
            found = [_PROGRAM.unpack_from(self.data, at) for at in programs]
        except struct.error as error:
            raise ElfError(f"{path}: no shared object") from error
        if head[0][:6] != b"\x7fELF\x02\x01" or head[2] != X86_64:
            raise ElfError(f"{path}: not a shared object for x86-64")
        self._sections = head[6], head[12]
        self.segments = [Segment(kind, flags, *where) for kind, flags, *where in map(_order, found)]
        self.tags: dict[int, list[int]] = {}
        table = self.segment(DYNAMIC)
        if table is None:
            raise ElfError(f"{path}: it is not linked dynamically")
        for tag, value in struct.iter_unpack("<qQ", self.read(table.address, table.file_size)):
            if tag == 0:
                break
            self.tags.setdefault(tag, []).append(value)

    def segment(self, kind: int) -> Segment | None:
        """Return the first segment of a kind."""
        return next((one for one in self.segments if one.kind == kind), None)

    def offset(self, address: int) -> int:
        """Return where in the file an address lies."""
        for one in self.segments:
            if one.kind == LOAD and one.address <= address < one.address + one.file_size:
                return address - one.address + one.offset
        raise ElfError(f"{self.path}: nothing at {address:#x}")

    def read(self, address: int, size: int) -> bytes:
        """Return what lies at an address."""
        at = self.offset(address)
        return self.data[at : at + size]

    def tag(self, tag: int, default: int = 0) -> int:
        """Return an entry of the dynamic section."""
        return self.tags.get(tag, [default])[0]

    def _text(self, at: int) -> str:
        start = self.offset(self.tag(STRTAB)) + at
        return self.data[start : self.data.index(b"\0", start)].decode()

    @cached_property
    def needed(self) -> list[str]:
        """The names of the libraries that it wants."""
        return [self._text(at) for at in self.tags.get(NEEDED, [])]

    @property
    def search(self) -> list[str]:
        """Where it wants them looked for."""
        texts = [self._text(at) for tag in (RUNPATH, RPATH) for at in self.tags.get(tag, [])]
        return [
            folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", str(self.path.parent))
            for text in texts
            for folder in text.split(":")
            if folder
        ]

    @cached_property
    def symbols(self) -> list[Symbol]:
        """All dynamic symbols."""
        versions = self._versions()
        found = []
        for number in range(self._symbol_count()):
            at = self.offset(self.tag(SYMTAB)) + number * _SYMBOL.size
            name, info, _, section, value, _ = _SYMBOL.unpack_from(self.data, at)
            version, hidden = None, False
            if VERSYM in self.tags:
                at = self.offset(self.tag(VERSYM)) + 2 * number
                index = int.from_bytes(self.data[at : at + 2], "little")
                version = versions.get(index & ~_HIDDEN)
                hidden = bool(index & _HIDDEN)
            found.append(
                Symbol(self._text(name), info & 15, info >> 4, section, value, version, hidden)
            )
        return found

    @cached_property
    def offered(self) -> dict[str, list[Symbol]]:
        """What others may find in it, by name: one of several versions."""
        found: dict[str, list[Symbol]] = {}
        for one in self.symbols:
            if one.section and one.bind != _LOCAL:
                found.setdefault(one.name, []).append(one)
        return found

    def _symbol_count(self) -> int:
        # The hash tables tell it only in a round-about way.
        start, count = self._sections
        for number in range(count):
            section = _SECTION.unpack_from(self.data, start + number * _SECTION.size)
            if section[1] == _DYNSYM:
                return int(section[5] // _SYMBOL.size)
        raise ElfError(f"{self.path}: it has no section table")

    def _versions(self) -> dict[int, tuple[str, str]]:
        found = {}
        at = self.offset(self.tag(VERNEED)) if VERNEED in self.tags else 0
        for _ in range(self.tag(VERNEEDNUM)):
            _, count, file, first, following = struct.unpack_from("<HHIII", self.data, at)
            inner = at + first
            for _ in range(count):
                _, _, number, name, step = struct.unpack_from("<IHHII", self.data, inner)
                found[number] = self._text(file), self._text(name)
                inner += step
            at += following
        at = self.offset(self.tag(VERDEF)) if VERDEF in self.tags else 0
        for _ in range(self.tag(VERDEFNUM)):
            _, flags, number, _, _, first, following = struct.unpack_from("<HHHHIII", self.data, at)
            if not flags & _BASE:
                (name,) = struct.unpack_from("<I", self.data, at + first)
                found[number] = "", self._text(name)
            at += following
        return found

    def relocations(self) -> Iterator[Relocation]:
        """Yield what the loader is to write."""
        for table, size in ((RELA, RELASZ), (JMPREL, PLTRELSZ)):
            if table in self.tags:
                at = self.offset(self.tag(table))
                data = self.data[at : at + self.tag(size)]
                for offset, kind, symbol, addend in _RELOCATION.iter_unpack(data):
                    yield Relocation(offset, kind, symbol, addend)
        if RELR in self.tags:
            for offset in self._relative():
                addend = int.from_bytes(self.read(offset, 8), "little", signed=True)
                yield Relocation(offset, RELATIVE, 0, addend)

    def _relative(self) -> Iterator[int]:
        # An address, or a map of which of the next 63 words follow it.
        where = 0
        for (entry,) in struct.iter_unpack("<Q", self.read(self.tag(RELR), self.tag(RELRSZ))):
            if entry & 1:
                yield from (where + 8 * bit for bit in range(63) if entry >> (bit + 1) & 1)
                where += 8 * 63
            else:
                yield entry
                where = entry + 8


def _order(program: tuple[int, ...]) -> tuple[int, ...]:
    kind, flags, offset, address, _, file_size, size, align = program
    return kind, flags, offset, address, file_size, size, align
