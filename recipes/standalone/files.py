"""Pack the library's files, for the executable that has them itself.

    files.py OUT OLD NEW [OLD NEW…]

The file or folder OLD is read as NEW, the path that it would have in an image; of two with
one path the last counts.
`src/interp/importer/_hpcpy_files.py` reads the result: ``hpcpy f2``, the offset of the
index, a digest of all files, then marshalled values as in a bundle, zstd frames where that
is smaller.
"""

from __future__ import annotations

import hashlib
import marshal
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from compression import zstd

MAGIC = b"hpcpy f2"
# A large file is several values: whoever writes it needs memory for one.
PIECE = 8 << 20
# Of LLVM's 160 MB, level 12 leaves 47 MB in 25 s, 19 leaves 41 MB in 110 s.
LEVEL = 12
# The pages of `vizviewer`, which serves a folder: 11 MB of 73.
UNUSED = re.compile(r"\.(a|exe|pyc)$|/(__pycache__|config-[^/]*|web_dist)/")


def files(old: Path, new: Path) -> Iterator[tuple[str, Path]]:
    """Yield the path that each file of a tree would have, and where it is."""
    if old.is_file():
        yield str(new), old
        return
    for file in sorted(old.rglob("*")):
        if file.is_file() and not UNUSED.search(str(file)):
            yield str(new / file.relative_to(old)), file


class Packed:
    """The bytes so far."""

    def __init__(self) -> None:
        self.data = bytearray(MAGIC + bytes(16))
        self.index: dict[str, tuple[int, str, tuple[int, ...]]] = {}

    def add(self, value: object) -> int:
        """Append a value and return its offset."""
        plain = marshal.dumps(value, 2)
        packed = min(plain, zstd.compress(plain, LEVEL), key=len)
        self.data += len(packed).to_bytes(4, "little")
        offset = len(self.data)
        self.data += packed
        return offset

    def add_file(self, path: str, file: Path) -> None:
        """Append a file."""
        content = file.read_bytes()
        pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)]
        offsets = tuple(self.add(piece) for piece in pieces)
        digest = hashlib.sha256(content).hexdigest()[:16]
        self.index[path] = len(content), digest, offsets

    def whole(self) -> bytes:
        """Return all bytes, with the index."""
        self.data[16:24] = hashlib.sha256(marshal.dumps(self.index, 2)).digest()[:8]
        self.data[8:16] = self.add(self.index).to_bytes(8, "little")
        return bytes(self.data)


def main(out: str, *trees: str) -> None:
    """Write the packed files."""
    packed = Packed()
    found: dict[str, Path] = {}
    for old, new in zip(trees[::2], trees[1::2], strict=True):
        found.update(files(Path(old), Path(new)))
    for path, file in found.items():
        packed.add_file(path, file)
    data = packed.whole()
    Path(out).write_bytes(data)
    print(f"files: {len(packed.index)}, {len(data):,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
