"""What the loader reads of a pack, and the file around it."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from hpcpy_bake import elf
from hpcpy_bake.elf import ElfError, Library, Relocation, Segment, Symbol

PAGE = 4096
_READ, _READ_WRITE = 4, 6
_HASH, _RELAENT, _RELACOUNT, _FLAGS, _FLAGS_1 = 4, 9, 0x6FFFFFF9, 30, 0x6FFFFFFB
_BIND_NOW, _NOW = 8, 1
_GLOBAL, _WEAK = 1, 2
_FUNCTION = 2
_IRELATIVE = 37
# Of an .eh_frame_hdr as all linkers write it: a pointer relative to itself, a
# count of four bytes, pairs relative to the table's start.
_UNWINDING = b"\x01\x1b\x03\x3b"


class Tables:
    """The tables of a shared object in the making.

    Parameters
    ----------
    libraries
        What it needs, by path or name.
    """

    def __init__(self, libraries: Iterable[str]) -> None:
        self.segments: list[Segment] = []
        self.relative: list[tuple[int, int]] = []
        self.relocations: list[Relocation] = []
        self._functions: list[tuple[int, bool]] = []
        self._libraries = list(libraries)
        self._exports: list[tuple[str, int]] = []
        self._starts: list[tuple[str, int]] = []
        self._wanted: dict[tuple[str, tuple[str, str] | None], int] = {}
        self._strong: set[int] = set()
        self._unwinding: list[tuple[int, int]] = []
        self._frames = 0
        self._tls = bytearray()
        self._tls_align = 1
        self._strings = bytearray(1)
        self._known: dict[str, int] = {}

    def export(self, name: str, address: int) -> None:
        """Let the loader find something by its name."""
        self._exports.append((name, address))

    def add_functions(self, name: str, init: list[int], fini: list[int]) -> None:
        """Tell what is to be called before a module is used, and at the end.

        Not by the loader, as soon as the file is open: most modules in it will
        never be imported, and one that was only loaded may crash at the end.
        """
        self._starts.append((f"functions_{name}", len(self._functions)))
        for functions in (init, fini):
            self._functions.append((len(functions), False))
            self._functions += [(function, True) for function in functions]

    def want(self, symbol: Symbol, version: tuple[str, str] | None) -> int:
        """Return the number of a symbol that others have."""
        number = self._wanted.setdefault((symbol.name, version), len(self._wanted) + 1)
        if not symbol.weak:
            self._strong.add(number)
        return number

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

    def add_unwinding(self, library: Library, base: int) -> None:
        """Take over where a module's functions have their unwind entries."""
        segment = library.segment(elf.EH_FRAME)
        if segment is None:
            return
        data = library.read(segment.address, segment.file_size)
        if data[:4] != _UNWINDING:
            raise ElfError(f"{library.path}: its unwind table is of an unknown kind")
        start = base + segment.address
        frames, count = struct.unpack_from("<iI", data, 4)
        self._frames = self._frames or start + 4 + frames
        pairs = struct.iter_unpack("<ii", data[12 : 12 + 8 * count])
        self._unwinding += [(start + place, start + entry) for place, entry in pairs]

    def _string(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self._strings)
            self._strings += text.encode() + b"\0"
        return self._known[text]

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
            self.export(name, places["functions"] + 8 * number)
        put("dynamic", bytes(16 * (len(self._libraries) + 24)))
        written = len(made)
        put("symbols", self._symbols(), PAGE)
        versions, version_table, files = self._versions()
        put("versions", versions)
        put("version table", version_table)
        put("hash", self._hash())
        put("relocations", self._relocations(places))
        put("unwinding", self._unwind_table(len(made) + (-len(made) % 8) + shift))
        put("strings", bytes(self._strings_with_libraries()))
        first = places["tls"] - shift
        sizes = {"written": written - first, "read": len(made) - (places["symbols"] - shift)}
        dynamic = self._dynamic(places, files)
        at = places["dynamic"] - shift
        made[at : at + len(dynamic)] = dynamic
        self._write_header(made, places, sizes, shift, len(dynamic))
        return bytes(made)

    def _strings_with_libraries(self) -> bytearray:
        for text in self._libraries:
            self._string(text)
        return self._strings

    def _symbols(self) -> bytes:
        found = bytearray(24)
        for (name, _), number in self._wanted.items():
            bind = _GLOBAL if number in self._strong else _WEAK
            found += struct.pack("<IBBHQQ", self._string(name), bind << 4, 0, 0, 0, 0)
        for name, address in self._exports:
            info = _GLOBAL << 4 | _FUNCTION
            found += struct.pack("<IBBHQQ", self._string(name), info, 0, 1, address, 0)
        return bytes(found)

    def _versions(self) -> tuple[bytes, bytes, int]:
        by_file: dict[str, dict[str, int]] = {}
        numbers = [0]
        # 0 is local, 1 without a version.
        count = 2
        for _, version in self._wanted:
            if version is None:
                numbers.append(1)
                continue
            known = by_file.setdefault(version[0], {})
            if version[1] not in known:
                known[version[1]] = count
                count += 1
            numbers.append(known[version[1]])
        numbers += [1] * len(self._exports)
        table = bytearray()
        for index, (file, names) in enumerate(by_file.items()):
            size = 16 + 16 * len(names)
            following = size if index + 1 < len(by_file) else 0
            table += struct.pack("<HHIII", 1, len(names), self._string(file), 16, following)
            for inner, (name, number) in enumerate(names.items()):
                step = 16 if inner + 1 < len(names) else 0
                table += struct.pack("<IHHII", _hash_of(name), 0, number, self._string(name), step)
        return struct.pack(f"<{len(numbers)}H", *numbers), bytes(table), len(by_file)

    def _hash(self) -> bytes:
        first = 1 + len(self._wanted)
        count = first + len(self._exports)
        buckets, chains = [0] * max(len(self._exports), 1), [0] * count
        for number, (name, _) in enumerate(self._exports, first):
            bucket = _hash_of(name) % len(buckets)
            chains[number], buckets[bucket] = buckets[bucket], number
        words = [len(buckets), count, *buckets, *chains]
        return struct.pack(f"<{len(words)}I", *words)

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

    def _unwind_table(self, start: int) -> bytes:
        if not self._unwinding:
            return b""
        pairs = sorted(set(self._unwinding))
        found = bytearray(_UNWINDING)
        found += struct.pack("<iI", self._frames - (start + 4), len(pairs))
        for place, entry in pairs:
            found += struct.pack("<ii", place - start, entry - start)
        return bytes(found)

    def _dynamic(self, places: dict[str, int], files: int) -> bytes:
        entries = [(elf.NEEDED, self._string(name)) for name in self._libraries]
        entries += [
            (_HASH, places["hash"]),
            (elf.STRTAB, places["strings"]),
            (elf.STRSZ, len(self._strings)),
            (elf.SYMTAB, places["symbols"]),
            (elf.SYMENT, 24),
            (elf.RELA, places["relocations"]),
            (elf.RELASZ, places["unwinding"] - places["relocations"]),
            (_RELAENT, 24),
            (_RELACOUNT, len(self.relative)),
            (_FLAGS, _BIND_NOW),
            (_FLAGS_1, _NOW),
        ]
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
        if self._unwinding:
            size = 12 + 8 * len(set(self._unwinding))
            segments.append(segment(elf.EH_FRAME, _READ, "unwinding", size, 4))
        if self._tls:
            segments.append(segment(elf.TLS, _READ, "tls", len(self._tls), self._tls_align))
        made += bytes(-len(made) % 8)
        start = len(made)
        for one in segments:
            made += struct.pack(
                "<IIQQQQQQ",
                one.kind,
                one.flags,
                one.offset,
                one.address,
                one.address,
                one.file_size,
                one.size,
                one.align,
            )
        ident = b"\x7fELF\x02\x01\x01" + bytes(9)
        made[:64] = struct.pack(
            "<16sHHIQQQIHHHHHH",
            ident,
            3,
            elf.X86_64,
            1,
            0,
            start,
            0,
            0,
            64,
            56,
            len(segments),
            0,
            0,
            0,
        )


def _hash_of(name: str) -> int:
    # The System V ABI's.
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value & 0xFFFFFFFF
