"""Which version of glibc a shared library wants, read from its dynamic segment.

That is all the loader itself reads: sections may have been stripped.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

# Types of program headers and tags of the dynamic segment (the ELF specification).
_LOAD, _DYNAMIC = 1, 2
_STRTAB, _VERNEED, _VERNEED_COUNT = 5, 0x6FFFFFFE, 0x6FFFFFFF
# A broken file may give any count of libraries, and of versions for each.
_MOST = 10_000
_PREFIX = "GLIBC_"


def version(text: str) -> tuple[int, ...]:
    """Return the numbers of ``2.34``; none for a text like ``PRIVATE``."""
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()


def newest_glibc(path: Path) -> tuple[int, ...]:
    """Return the newest version of glibc that a library wants; empty where it wants none.

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
                names = list(_Reader(content).versions())
        except (struct.error, IndexError, OverflowError) as error:
            raise ValueError(f"{path}: a cut or broken ELF file") from error
    wanted = (version(name.removeprefix(_PREFIX)) for name in names if name.startswith(_PREFIX))
    return max(wanted, default=())


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        if content[:6] != b"\x7fELF\x02\x01":
            raise ValueError("no 64-bit little-endian ELF file")
        start, size, count = struct.unpack_from("<32xQ14xHH", content)
        headers = [struct.unpack_from("<IIQQQQ", content, start + size * i) for i in range(count)]
        self._loads = [(h[3], h[2], h[5]) for h in headers if h[0] == _LOAD]
        offset, size = next(((h[2], h[5]) for h in headers if h[0] == _DYNAMIC), (0, 0))
        self._values = dict(
            struct.unpack_from("<qQ", content, offset + 16 * i) for i in range(size // 16)
        )

    def versions(self) -> Iterator[str]:
        """Give the versions of symbols that it wants of any library."""
        if _VERNEED not in self._values:
            return
        strings = self._offset(self._values[_STRTAB])
        place, left = self._offset(self._values[_VERNEED]), _MOST
        for _ in range(min(self._values.get(_VERNEED_COUNT, 0), _MOST)):
            _, count, _, first, following = struct.unpack_from("<HHIII", self._content, place)
            left -= count
            if left < 0:
                raise IndexError(count)
            entry = place + first
            for _ in range(count):
                _, _, _, name, step = struct.unpack_from("<IHHII", self._content, entry)
                yield self._string(strings + name)
                entry += step
            place += following

    def _offset(self, address: int) -> int:
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return int(address - start + offset)
        raise IndexError(address)

    def _string(self, start: int) -> str:
        end = self._content.find(b"\0", start)
        if end < 0:
            raise IndexError(start)
        return self._content[start:end].decode(errors="replace")
