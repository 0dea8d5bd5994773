"""Lays the store out: header, table, contents; read by src/interp/store.c."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping

from _hpcpy_stored import FILE, FOLDER, HEADER, MAGIC

# Small files are compressed together, up to so many bytes: 14 % less than each by
# itself, and opening one unpacks them all, which takes 0.1 ms.
_TOGETHER = 128 * 1024


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray()
        self._known: dict[bytes, int] = {}

    def add(self, text: bytes) -> tuple[int, int]:
        """Return where a name is, and how long."""
        offset = self._known.get(text)
        if offset is None:
            offset = self._known[text] = len(self.data)
            self.data += text + b"\0"
        return offset, len(text)


def write_store(
    files: Mapping[str, bytes], epoch: int, compress: Callable[[list[bytes]], list[bytes]]
) -> bytes:
    """Lay files out.

    Parameters
    ----------
    files
        Contents by the path below the library's folder.
    epoch
        The time that they bear.
    compress
        Compresses each of several pieces by Zstandard, in their order.

    Returns
    -------
    bytes
        The store: the same for the same files.
    """
    folders: dict[bytes, list[tuple[bytes, str]]] = {}
    for path in files:
        folder, _, name = path.encode().rpartition(b"/")
        folders.setdefault(folder, []).append((name, path))
    # By bytes, as memcmp orders them: store.c looks names up by halves.
    ordered = [(folder, sorted(folders[folder])) for folder in sorted(folders)]
    groups = list(_groups(files))
    whole = [b"".join(files[path] for path in group) for group in groups]
    packed = [
        # One that does not get smaller stays as it is.
        small if len(small) < len(plain) else plain
        for small, plain in zip(compress(whole), whole, strict=True)
    ]
    return _laid_out(ordered, _places(files, groups, packed), packed, epoch)


def _groups(files: Mapping[str, bytes]) -> Iterator[list[str]]:
    # Files of a kind and a folder are alike, and compress better together.
    group: list[str] = []
    size = 0
    for path in sorted(files, key=lambda path: (path.rpartition(".")[2], path)):
        if group and size + len(files[path]) > _TOGETHER:
            yield group
            group, size = [], 0
        group.append(path)
        size += len(files[path])
    if group:
        yield group


def _places(
    files: Mapping[str, bytes], groups: list[list[str]], packed: list[bytes]
) -> dict[str, tuple[int, ...]]:
    places: dict[str, tuple[int, ...]] = {}
    offset = 0
    for group, data in zip(groups, packed, strict=True):
        skip, whole = 0, sum(len(files[path]) for path in group)
        for path in group:
            places[path] = len(files[path]), len(data), whole, skip, offset
            skip += len(files[path])
        offset += len(data)
    return places


def _laid_out(
    ordered: list[tuple[bytes, list[tuple[bytes, str]]]],
    places: Mapping[str, tuple[int, ...]],
    packed: list[bytes],
    epoch: int,
) -> bytes:
    strings, table, first = _Strings(), bytearray(), 0
    for folder, inside in ordered:
        table += FOLDER.pack(*strings.add(folder), first, len(inside))
        first += len(inside)
    names = [(strings.add(name), path) for _, inside in ordered for name, path in inside]
    strings_at = HEADER.size + len(table) + FILE.size * len(places)
    data_at = strings_at + len(strings.data)
    for name, path in names:
        *sizes, offset = places[path]
        table += FILE.pack(*name, *sizes, data_at + offset)
    body = b"".join([table, strings.data, *packed])
    size = HEADER.size + len(body)
    head = struct.pack("<3Q2I", epoch, size, strings_at, len(ordered), len(places))
    return MAGIC + hashlib.sha256(MAGIC + head + body).digest() + head + body
