"""What a shared library asks of others, read from its dynamic segment.

That is all the loader itself reads: sections may have been stripped.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

# Types of program headers and tags of the dynamic segment (the ELF specification).
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _SONAME = 1, 5, 14
_VERNEED, _VERNEED_COUNT = 0x6FFFFFFE, 0x6FFFFFFF
# A broken file may give any count of libraries, and of versions for each.
_MOST = 10_000


@dataclass(frozen=True)
class Needs:
    """What a library is and asks for.

    Parameters
    ----------
    soname
        Its name; empty where it has none.
    needed
        The libraries that it names.
    versions
        Versions of symbols for each library: ``{"libc.so.6": ["GLIBC_2.34"]}``.
    """

    soname: str
    needed: tuple[str, ...]
    versions: dict[str, list[str]]

    def newest(self, prefix: str) -> tuple[int, ...]:
        """Return the newest version with a prefix (``GLIBC_``); empty without one."""
        names = (name for names in self.versions.values() for name in names)
        return max((version(name.removeprefix(prefix)) for name in names
                    if name.startswith(prefix)), default=())  # fmt: skip


def version(text: str) -> tuple[int, ...]:
    """Return the numbers of ``2.34``; none for a text like ``PRIVATE``."""
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()


def needs(path: Path) -> Needs:
    """Read a library's needs.

    Parameters
    ----------
    path
        The library.

    Raises
    ------
    ValueError
        For a file that is not a complete 64-bit little-endian ELF file.
    OSError
        For a file that cannot be read.
    """
    with path.open("rb") as file:
        try:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _Reader(content).read()
        except (struct.error, IndexError, OverflowError) as error:
            raise ValueError(f"{path}: a cut or broken ELF file") from error


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        if content[:6] != b"\x7fELF\x02\x01":
            raise ValueError("no 64-bit little-endian ELF file")
        start, size, count = struct.unpack_from("<32xQ14xHH", content)
        headers = [struct.unpack_from("<IIQQQQ", content, start + size * i) for i in range(count)]
        self._loads = [(h[3], h[2], h[5]) for h in headers if h[0] == _LOAD]
        self._dynamic = next(((h[2], h[5]) for h in headers if h[0] == _DYNAMIC), (0, 0))

    def read(self) -> Needs:
        offset, size = self._dynamic
        entries = [
            struct.unpack_from("<qQ", self._content, offset + 16 * i) for i in range(size // 16)
        ]
        values = dict(entries)
        if _STRTAB not in values:
            return Needs("", (), {})
        self._strings = self._offset(values[_STRTAB])
        return Needs(
            self._string(values[_SONAME]) if _SONAME in values else "",
            tuple(self._string(value) for tag, value in entries if tag == _NEEDED),
            self._versions(values),
        )

    def _versions(self, values: dict[int, int]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        place = self._offset(values[_VERNEED]) if _VERNEED in values else 0
        left = _MOST
        for _ in range(min(values.get(_VERNEED_COUNT, 0), _MOST)):
            _, count, file, first, following = struct.unpack_from("<HHIII", self._content, place)
            names = found.setdefault(self._string(file), [])
            entry = place + first
            left -= count
            if left < 0:
                raise IndexError(count)
            for _ in range(count):
                _, _, _, name, step = struct.unpack_from("<IHHII", self._content, entry)
                names.append(self._string(name))
                entry += step
            place += following
        return found

    def _offset(self, address: int) -> int:
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return int(address - start + offset)
        raise IndexError(address)

    def _string(self, offset: int) -> str:
        start = self._strings + offset
        end = self._content.find(b"\0", start)
        if end < 0:
            raise IndexError(offset)
        return self._content[start:end].decode(errors="replace")
