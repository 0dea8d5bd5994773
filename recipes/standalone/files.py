"""Pack the library's files, for the executable that has them itself.

    files.py OUT PATH[=SOURCE]…

Each PATH is a file or folder as an image has it, which is read from SOURCE if there is one;
of two with one path the last counts.
`src/interp/importer/_hpcpy_files.py` reads the result: ``hpcpy f3``, the offset of the
index, a digest of all that follows, then marshalled values as in a bundle, zstd frames where
that is smaller.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from compression import zstd

MAGIC = b"hpcpy f3"
# A large file is several values: whoever writes it needs memory for one.
PIECE = 8 << 20
# Of LLVM's 160 MB, level 12 leaves 47 MB in 25 s, 19 leaves 41 MB in 110 s.
LEVEL = 12
# The pages of `vizviewer`, which serves a folder: 11 MB of 73.
UNUSED = re.compile(r"\.(a|exe|pyc)$|/(__pycache__|config-[^/]*|web_dist)/")


def find(trees: Iterable[str]) -> dict[str, Path]:
    """Return where each file is, by the path that it has in an image."""
    found = {}
    for tree in trees:
        path, _, source = tree.partition("=")
        root = Path(source or path)
        if root.is_file():
            found[path] = root
        for file in sorted(root.rglob("*")):
            if file.is_file() and not UNUSED.search(str(file)):
                found[f"{path}/{file.relative_to(root)}"] = file
    return found


def packed(value: object) -> bytes:
    """Return a value with its size before it."""
    plain = marshal.dumps(value, 2)
    data = min(plain, zstd.compress(plain, LEVEL), key=len)
    return len(data).to_bytes(4, "little") + data


def piece(file: Path, start: int) -> bytes:
    """Return a packed piece of a file."""
    with file.open("rb") as stream:
        stream.seek(start)
        return packed(stream.read(PIECE))


def main(out: str, *trees: str) -> None:
    """Write the packed files."""
    found = find(trees)
    index: dict[str, tuple[int, list[int]]] = {}
    pieces = []
    for path, file in found.items():
        size = file.stat().st_size
        index[path] = size, []
        pieces += [(path, start) for start in range(0, size, PIECE)]
    data = bytearray()
    head = len(MAGIC) + 16
    # zstd lets other threads run.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda place: piece(found[place[0]], place[1]), pieces)
        for (path, _), value in zip(pieces, done, strict=True):
            index[path][1].append(head + len(data) + 4)
            data += value
    where = head + len(data) + 4
    data += packed(index)
    digest = hashlib.sha256(data).digest()[:8]
    Path(out).write_bytes(MAGIC + where.to_bytes(8, "little") + digest + data)
    print(f"files: {len(index)}, {len(data):,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
