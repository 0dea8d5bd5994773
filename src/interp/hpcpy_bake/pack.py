"""Many extension modules in one shared object, which is opened once.

Each module's segments are copied as they are, one after another; what the
loader reads of them is written anew: one table of relocations, in which what a
module has itself is a plain address, one table of what they want from others,
one list of libraries by their paths, one table of unwind entries.  The modules
stay apart: of each nothing is seen by others but its init function, under its
full name, and what C++ has once in a process (STB_GNU_UNIQUE).

Importing scipy, pandas and what they need opens 150 files otherwise, and looks
up the same names of Python's for each of them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from hpcpy_bake import elf
from hpcpy_bake.elf import ElfError, Library, Relocation, Symbol
from hpcpy_bake.tables import Tables

# By object and number of the symbol: whose it is, and what it is there.
Links = Mapping[Library, Mapping[int, tuple[Library, Symbol]]]

PAGE = 4096
_DTPMOD, _DTPOFF, _IRELATIVE = 16, 17, 37
_IFUNC = 10
_INIT = elf.INIT, elf.INIT_ARRAY, elf.INIT_ARRAYSZ
_FINI = elf.FINI, elf.FINI_ARRAY, elf.FINI_ARRAYSZ


class Pack:
    """A shared object in the making.

    Parameters
    ----------
    global_names
        What the interpreter and the libraries that it is linked with export:
        the loader takes these before a module's own.
    libraries
        What the modules need, by the name that they call it, as the pack is to
        name it.
    links
        What they have of libraries that are in the pack: see `vendored`.
    """

    def __init__(
        self, global_names: frozenset[str], libraries: Mapping[str, str], links: Links | None = None
    ) -> None:
        self.tables = Tables(dict.fromkeys(libraries.values()))
        self._global = global_names
        self._libraries = libraries
        self._links = links or {}
        self._bases: dict[Library, int] = {}
        self._file = bytearray(PAGE)
        # Another first address the loader would take for where to put it.
        self._address = 0

    def add_libraries(self, libraries: Sequence[Library]) -> None:
        """Put libraries in, before all modules.

        Parameters
        ----------
        libraries
            Each after those that it needs, as their constructors run when the
            pack is opened: by its first module, as they would.
        """
        for one in libraries:
            self._bases[one] = self._address + sum(map(_extent, self._bases))
        called = [self._copy(one) for one in libraries]
        init, fini = ([f for one in called for f in one[at]] for at in (0, 1))
        self.tables.let_loader_call(init, fini)

    def add(self, library: Library, init: str, name: str) -> None:
        """Put a module in.

        Parameters
        ----------
        library
            Its file, which `fits`.
        init
            Its init function.
        name
            The module's full name.
        """
        base = self._address
        self.tables.add_functions(name, *self._copy(library))
        found = next(one for one in library.symbols if one.name == init and one.section)
        self.tables.names.export(f"PyInit_{name}", base + found.value)

    def _copy(self, library: Library) -> tuple[list[int], list[int]]:
        base, start = self._address, len(self._file)
        loaded = [one for one in library.segments if one.kind == elf.LOAD]
        image = bytearray(library.data[: max(one.offset + one.file_size for one in loaded)])
        for one in loaded:
            self.tables.segments.append(
                one._replace(offset=start + one.offset, address=base + one.address, align=PAGE)
            )
        self._address = base + _extent(library)
        plain = self._relocate(library, image, base)
        self.tables.unwinding.add(library, base)
        self._file += image
        self._file += bytes(_page(len(self._file)) - len(self._file))
        # The last are called from the last to the first.
        return _functions(library, _INIT, base, plain), _functions(library, _FINI, base, plain)

    def _relocate(self, library: Library, image: bytearray, base: int) -> dict[int, int]:
        tls = library.segment(elf.TLS)
        tls_base = self.tables.add_tls(library, tls) if tls else 0
        relocations = list(library.relocations())
        told = {one.offset for one in relocations if one.kind == _DTPOFF}
        links = self._links.get(library, {})
        plain: dict[int, int] = {}
        for one in relocations:
            place = base + one.offset
            if tls and tls.address <= one.offset < tls.address + tls.file_size:
                place = self.tables.tls_place(tls_base + one.offset - tls.address)
            symbol = library.symbols[one.symbol]
            is_own = not one.symbol or (self._is_own(symbol) and not symbol.unique)
            if one.kind == _DTPMOD and is_own:
                self.tables.relocations.append(Relocation(place, _DTPMOD, 0, 0))
                if one.offset + 8 not in told:
                    # The linker has written the offset in the module's own block.
                    _add(image, library.offset(one.offset + 8), tls_base)
            elif one.kind == _DTPOFF and is_own:
                offset = symbol.value + one.addend + tls_base
                self.tables.relocations.append(Relocation(place, _DTPOFF, 0, offset))
            elif one.kind == _IRELATIVE or (is_own and symbol.kind == _IFUNC):
                chosen = base + (one.addend if one.kind == _IRELATIVE else symbol.value)
                self.tables.relocations.append(Relocation(place, _IRELATIVE, 0, chosen))
            elif is_own:
                value = one.addend + (0 if one.kind == elf.RELATIVE else symbol.value)
                plain[one.offset] = base + value
                self.tables.relative.append((place, base + value))
            elif (found := links.get(one.symbol)) is not None:
                value = self._bases[found[0]] + found[1].value + one.addend
                plain[one.offset] = value
                self.tables.relative.append((place, value))
            else:
                number = self._number(symbol, base, tls_base)
                self.tables.relocations.append(Relocation(place, one.kind, number, one.addend))
        return plain

    def _number(self, symbol: Symbol, base: int, tls_base: int) -> int:
        if not self._is_own(symbol):
            return self.tables.names.want(symbol, self._version(symbol))
        start = tls_base if symbol.kind == elf.STT_TLS else base
        return self.tables.names.share(symbol, start + symbol.value)

    def _is_own(self, symbol: Symbol) -> bool:
        return bool(symbol.section) and symbol.name not in self._global

    def _version(self, symbol: Symbol) -> tuple[str, str] | None:
        if symbol.version is None or symbol.version[0] not in self._libraries:
            return None
        file, name = symbol.version
        return self._libraries[file], name

    def finish(self) -> bytes:
        """Return the file."""
        return self.tables.finish(bytes(self._file), self._address)


def _functions(
    library: Library, tags: tuple[int, int, int], base: int, plain: Mapping[int, int]
) -> list[int]:
    one, array, size = tags
    found = [base + library.tag(one)] if library.tag(one) else []
    start = library.tag(array)
    for place in range(start, start + library.tag(size), 8):
        if place not in plain:
            raise ElfError(f"{library.path}: its constructors are not known")
        found.append(plain[place])
    return found


def _extent(library: Library) -> int:
    return _page(max(one.address + one.size for one in library.segments if one.kind == elf.LOAD))


def _page(address: int) -> int:
    return -(-address // PAGE) * PAGE


def _add(image: bytearray, at: int, number: int) -> None:
    (before,) = struct.unpack_from("<q", image, at)
    struct.pack_into("<q", image, at, before + number)


def pack(
    modules: Sequence[tuple[Library, str, str]],
    global_names: frozenset[str],
    libraries: Mapping[str, str],
    inside: Sequence[Library] = (),
    links: Links | None = None,
) -> bytes:
    """Put modules into one shared object.

    Parameters
    ----------
    modules
        Each one's file, its init function and its full name.
    global_names, libraries, links
        See `Pack`.
    inside
        Libraries of theirs that go with them, each after those that it needs.
    """
    made = Pack(global_names, libraries, links)
    made.add_libraries(inside)
    for library, init, symbol in modules:
        made.add(library, init, symbol)
    return made.finish()
