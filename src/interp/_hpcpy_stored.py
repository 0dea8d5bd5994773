"""The files that lie in the executable (docs/interpreter.md): their table, for tools.

Programs need none of this: they open such files as any others.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"hpcpyst1"
# As in store.h.
HEADER = struct.Struct("<8s32s3Q2I")
FOLDER = struct.Struct("<4I")
FILE = struct.Struct("<6IQ")


def paths(data: memoryview) -> Iterator[tuple[str, int]]:
    """Name the stored files.

    Parameters
    ----------
    data
        The store.

    Yields
    ------
    tuple of str and int
        A path below the library's folder, and the file's size.
    """
    _, _, _, _, strings, folders, files = HEADER.unpack(data[: HEADER.size])

    def name(offset: int, length: int) -> str:
        start = strings + offset
        return bytes(data[start : start + length]).decode()

    end = HEADER.size + folders * FOLDER.size
    table = list(FILE.iter_unpack(data[end : end + files * FILE.size]))
    for folder, length, first, count in FOLDER.iter_unpack(data[HEADER.size : end]):
        parent = name(folder, length)
        for file, file_length, size, *_ in table[first : first + count]:
            yield f"{parent}/{name(file, file_length)}".lstrip("/"), size


def is_whole(data: memoryview) -> bool:
    """Say whether all bytes are those that were built.

    Parameters
    ----------
    data
        The store.

    Returns
    -------
    bool
        The answer.
    """
    start = len(MAGIC)
    digest = hashlib.sha256(data[:start])
    digest.update(data[start + 32 :])
    return data[:start] == MAGIC and digest.digest() == data[start : start + 32]


def check_stored(data: memoryview, library: str) -> int:
    """Read every stored file, from the table and as a program would.

    Parameters
    ----------
    data
        The store.
    library
        The library's folder.

    Returns
    -------
    int
        How many there are.

    Raises
    ------
    ValueError
        When a byte is not what the build wrote, or a file cannot be read.
    """
    if not is_whole(data):
        raise ValueError("the files in memory are not those that were built: get the image again")
    count = 0
    for path, size in paths(data):
        count += 1
        if os.path.getsize(f"{library}/{path}") != size or _length(f"{library}/{path}") != size:
            raise ValueError(f"{path}: not the {size} bytes that it was stored with")
    return count


def extract(data: memoryview, library: str, folder: str) -> int:
    """Write the stored files to a folder, for programs that are not this Python.

    Parameters
    ----------
    data
        The store.
    library
        The library's folder.
    folder
        Gets them by their paths below the library.

    Returns
    -------
    int
        How many there are.
    """
    count = 0
    for path, _ in paths(data):
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(f"{library}/{path}", target)
        count += 1
    return count


def _length(path: str) -> int:
    try:
        with open(path, "rb") as file:
            return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
