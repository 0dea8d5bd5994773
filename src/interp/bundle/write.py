"""Lay the bundle out: code, metadata, tables, index, tail.

First stand marshalled values, each after its size in 4 bytes; a value is a zstd frame where
that is smaller.  The last 64 bytes are the tail: `hpcpy 4` and a line's end, Python's magic
number in 4 bytes, 4 zeros, the offset of the index in 8 (little-endian, as all numbers), 8
zeros, and the SHA-256 of all before it.  A start reads the end of the bundle alone.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any

from _hpcpy_folders import BUILT_IN, MODULE, PACKAGE, SOURCE
from _hpcpy_memory import MAGIC, SIZE_BYTES
from bundle.canonical import canonical
from bundle.features import hooks
from bundle.tree import Folder


class _Writer:
    def __init__(self, compress: Callable[[bytes], bytes] | None) -> None:
        self.data = bytearray()
        self.from_source: list[str] = []
        self._compress = compress
        self._code: dict[Path, int | None] = {}

    def add(self, value: Any) -> int:
        """Append a value and return its offset."""
        return self._append(canonical(value))

    def add_packed(self, value: Any) -> int:
        """Append a value, as a frame where that is smaller, and return its offset."""
        return self._append(self._packed(canonical(value)))

    def _packed(self, data: bytes) -> bytes:
        return min(data, self._compress(data), key=len) if self._compress else data

    def _append(self, data: bytes) -> int:
        self.data += len(data).to_bytes(SIZE_BYTES, "little")
        offset = len(self.data)
        self.data += data
        return offset

    def _add_code(self, file: Path, path: str) -> int | None:
        try:
            code = canonical(compiled(file, path))
        except (SyntaxError, MemoryError, RecursionError):
            # Whoever imports it gets the error, as in any Python.
            self.from_source.append(path)
            return None
        return self._append(self._packed(code))

    def add_codes(self, folder: Folder) -> None:
        """Append the code of those of a folder's modules that have none yet."""
        for kind, file in folder.entries.values():
            # A package and the module `__init__` in it share their code.
            if kind in (MODULE, PACKAGE) and file not in self._code:
                path = f"{folder.final}/{file.relative_to(folder.path)}"
                self._code[file] = self._add_code(file, path)

    def table(self, folder: Folder) -> int:
        """Append a folder's table."""
        entries: dict[str, tuple[int, int | str]] = {}
        for name, (kind, file) in folder.entries.items():
            entries[name] = kind, "" if kind == BUILT_IN else file.name
            if kind in (MODULE, PACKAGE):
                offset = self._code[file]
                source = str(file.relative_to(folder.path))
                entries[name] = (SOURCE, source) if offset is None else (kind, offset)
        return self.add((folder.is_open, entries))


def write_bundle(
    roots: Sequence[str],
    folders: Iterable[Folder],
    about: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
    compress: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Compile all modules and lay them out: the same bytes for the same files.

    The first of `roots`, whose modules are top-level, is the standard library's, with all
    others below it.  A text of ``metadata`` in `about` is kept, compressed as code is, and
    the bundle has its offset instead.  `more` are further entries of the index.
    `compress` makes a zstd frame, which is kept where it is smaller.
    """
    writer = _Writer(compress)
    folders = list(folders)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for folder in folders:
            writer.add_codes(folder)
    metadata = {
        owner: {
            name: None if text is None else writer.add_packed(text) for name, text in files.items()
        }
        for owner, files in about.get("metadata", {}).items()
    }
    about_all = writer.add({**about, "metadata": metadata, "from source": writer.from_source})
    # The tables and the index, which each start reads, lie together at the end.
    tables = {folder.final.removeprefix(roots[0]): writer.table(folder) for folder in folders}
    index = {
        "roots": [root.removeprefix(roots[0]) for root in roots],
        "folders": dict(sorted(tables.items())),
        "epoch": None,
        "about": about_all,
        "hooks": hooks(()),
        **(more or {}),
    }
    return _sealed(writer.data, writer.add(index))


def _sealed(data: bytearray, index: int) -> bytes:
    data += MAGIC + MAGIC_NUMBER + bytes(4) + index.to_bytes(8, "little") + bytes(8)
    return bytes(data) + hashlib.sha256(data).digest()


def compiled(file: Path, path: str) -> CodeType:
    """Compile a module, with its assertions and texts whatever this Python's -O is."""
    loader: Any = SourceFileLoader("", path)
    code: CodeType = loader.source_to_code(file.read_bytes(), path, _optimize=0)
    return code
