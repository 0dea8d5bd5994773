"""What the loader reads of a pack, and the file around it."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from hpcpy_bake import elf
from hpcpy_bake.elf import Library, Relocation, Segment
from hpcpy_bake.header import write_header
from hpcpy_bake.names import Names
from hpcpy_bake.unwinding import Unwinding

PAGE = 4096
_READ, _READ_WRITE = 4, 6
_HASH, _RELAENT, _RELACOUNT, _FLAGS, _FLAGS_1 = 4, 9, 0x6FFFFFF9, 30, 0x6FFFFFFB
_BIND_NOW, _NOW = 8, 1
_IRELATIVE = 37


class Tables:
    """The tables of a shared object in the making.

    Parameters
    ----------
    libraries
        What it needs, by path or name.
    """

    def __init__(self, libraries: Iterable[str]) -> None:
        self.names = Names()
        self.unwinding = Unwinding()
        self.segments: list[Segment] = []
        self.relative: list[tuple[int, int]] = []
        self.relocations: list[Relocation] = []
        self._functions: list[tuple[int, bool]] = []
        self._libraries = list(libraries)
        self._starts: list[tuple[str, int]] = []
        self._called: tuple[tuple[int, int], ...] = ()
        self._tls = bytearray()
        self._tls_align = 1

    def add_functions(self, name: str, init: list[int], fini: list[int]) -> None:
        """Tell what is to be called before a module is used, and at the end.

        Not by the loader, as soon as the file is open: most modules in it will
        never be imported, and one that was only loaded may crash at the end.
        """
        self._starts.append((f"functions_{name}", len(self._functions)))
        for functions in (init, fini):
            self._functions.append((len(functions), False))
            self._functions += [(function, True) for function in functions]

    def let_loader_call(self, init: list[int], fini: list[int]) -> None:
        """Tell what is to be called when the file is opened, and at the end."""
        start = len(self._functions)
        self._called = (start, len(init)), (start + len(init), len(fini))
        self._functions += [(function, True) for function in (*init, *fini)]

    def add_tls(self, library: Library, segment: Segment) -> int:
        """Give a module's thread variables their place in the pack's block."""
        align = max(segment.align, 1)
        self._tls += bytes(-len(self._tls) % align)
        self._tls_align = max(self._tls_align, align)
        base = len(self._tls)
        self._tls += library.read(segment.address, segment.file_size) if segment.file_size else b""
        self._tls += bytes(segment.size - segment.file_size)
        return base

    def tls_place(self, offset: int) -> int:
        """Return a place in the block's first values, which lie at the end: below 0."""
        return offset - (1 << 62)

    def finish(self, file: bytes, address: int) -> bytes:
        """Return the whole file.

        Parameters
        ----------
        file
            The modules; a page is left for the header.
        address
            Where nothing lies any more.
        """
        made = bytearray(file)
        shift = address - len(made)
        places: dict[str, int] = {}

        def put(name: str, data: bytes, align: int = 8) -> None:
            made.extend(bytes(-len(made) % align))
            places[name] = len(made) + shift
            made.extend(data)

        # What is written to first, on pages of its own.
        put("tls", bytes(self._tls), max(self._tls_align, PAGE))
        words = [0 if moves else value for value, moves in self._functions]
        put("functions", struct.pack(f"<{len(words)}Q", *words))
        for name, number in self._starts:
            self.names.export(name, places["functions"] + 8 * number)
        put("dynamic", bytes(16 * (len(self._libraries) + 24)))
        written = len(made)
        put("symbols", self.names.symbols(), PAGE)
        versions, version_table, files = self.names.versions()
        put("versions", versions)
        put("version table", version_table)
        put("hash", self.names.hash())
        put("relocations", self._relocations(places))
        put("unwinding", self.unwinding.table(len(made) + (-len(made) % 8) + shift))
        needed = [self.names.string(name) for name in self._libraries]
        put("strings", bytes(self.names.strings))
        first = places["tls"] - shift
        sizes = {"written": written - first, "read": len(made) - (places["symbols"] - shift)}
        dynamic = self._dynamic(places, needed, files)
        at = places["dynamic"] - shift
        made[at : at + len(dynamic)] = dynamic
        self._write_header(made, places, sizes, shift, len(dynamic))
        return bytes(made)

    def _relocations(self, places: dict[str, int]) -> bytes:
        def moved(place: int) -> int:
            return place if place >= 0 else place + (1 << 62) + places["tls"]

        relative = [(moved(place), value) for place, value in self.relative]
        start = places["functions"]
        relative += [
            (start + 8 * number, value)
            for number, (value, moves) in enumerate(self._functions)
            if moves
        ]
        relative.sort()
        self.relative = relative
        # By symbol: the loader looks the same one up once only.
        others = sorted(
            (one._replace(offset=moved(one.offset)) for one in self.relocations),
            key=lambda one: (one.kind == _IRELATIVE, one.symbol, one.offset),
        )
        found = bytearray()
        for place, value in relative:
            found += struct.pack("<QIIq", place, elf.RELATIVE, 0, value)
        for one in others:
            found += struct.pack("<QIIq", *one)
        return bytes(found)

    def _dynamic(self, places: dict[str, int], needed: list[int], files: int) -> bytes:
        entries = [(elf.NEEDED, name) for name in needed]
        entries += [
            (_HASH, places["hash"]),
            (elf.STRTAB, places["strings"]),
            (elf.STRSZ, len(self.names.strings)),
            (elf.SYMTAB, places["symbols"]),
            (elf.SYMENT, 24),
            (elf.RELA, places["relocations"]),
            (elf.RELASZ, places["unwinding"] - places["relocations"]),
            (_RELAENT, 24),
            (_RELACOUNT, len(self.relative)),
            (_FLAGS, _BIND_NOW),
            (_FLAGS_1, _NOW),
        ]
        tags = (elf.INIT_ARRAY, elf.INIT_ARRAYSZ), (elf.FINI_ARRAY, elf.FINI_ARRAYSZ)
        for (start, size), (first, count) in zip(tags, self._called, strict=False):
            if count:
                entries += [(start, places["functions"] + 8 * first), (size, 8 * count)]
        if files:
            entries += [
                (elf.VERSYM, places["versions"]),
                (elf.VERNEED, places["version table"]),
                (elf.VERNEEDNUM, files),
            ]
        return b"".join(struct.pack("<qQ", *entry) for entry in [*entries, (0, 0)])

    def _write_header(
        self,
        made: bytearray,
        places: dict[str, int],
        sizes: dict[str, int],
        shift: int,
        dynamic: int,
    ) -> None:
        def segment(kind: int, flags: int, name: str, size: int, align: int = PAGE) -> Segment:
            return Segment(kind, flags, places[name] - shift, places[name], size, size, align)

        segments = [
            *self.segments,
            segment(elf.LOAD, _READ_WRITE, "tls", sizes["written"]),
            segment(elf.LOAD, _READ, "symbols", sizes["read"]),
            segment(elf.DYNAMIC, _READ_WRITE, "dynamic", dynamic, 8),
            Segment(elf.STACK, _READ_WRITE, 0, 0, 0, 0, 16),
        ]
        if self.unwinding:
            size = self.unwinding.size
            segments.append(segment(elf.EH_FRAME, _READ, "unwinding", size, 4))
        if self._tls:
            segments.append(segment(elf.TLS, _READ, "tls", len(self._tls), self._tls_align))
        write_header(made, segments)
