"""The library's files, where the executable itself has them (docs/how-to/standalone.md).

What Python reads, such as a module's source, comes from memory.  What only the loader or
the kernel can open, such as LLVM's library, is placed once for each user and node: in
``<tmp>/hpcpy-<uid>/<hash of all files>``, which nobody else can write, by the path that it has
in an image.  So are all files of a package that opens some by their paths.  Where no folder
will do, the loader opens a library in this process's memory.

`recipes/standalone/files.py` writes what is read here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

import _hpcpy_bundle  # type: ignore[import-not-found]

from _hpcpy_caches import folders, opened
from _hpcpy_say import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SIZE_BYTES = 4

_data: memoryview = _hpcpy_bundle.files()
_digest = _data[16:24].hex()
_in_memory: dict[str, str] = {}


def _load(offset: int) -> Any:
    size = int.from_bytes(_data[offset - _SIZE_BYTES : offset], "little")
    return _hpcpy_bundle.loads(_data[offset : offset + size])


# Each file's size, and where its pieces are, by the path that it has in an image.
index: dict[str, tuple[int, list[int]]] = _load(int.from_bytes(_data[8:16], "little"))


def read(path: str) -> bytes:
    """Return a file's content; FileNotFoundError if the executable lacks it."""
    return b"".join(_pieces(path))


def below(folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder."""
    return (path for path in index if path.startswith(f"{folder}/"))


def _pieces(path: str) -> Iterator[bytes]:
    if path not in index:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return map(_load, index[path][1])


def placed(path: str) -> str:
    """Return where this node has a file as one of its own, or this process, for the loader."""
    try:
        return place(path, [path]) + path
    except OSError as error:
        if path not in _in_memory:
            name = path.rpartition("/")[2]
            say(f"{error}; until then {name} is in this process's memory")
            # It stays open: the loader knows a library by its name.
            file = os.memfd_create(name, os.MFD_CLOEXEC)
            with open(file, "wb", closefd=False) as memory:
                memory.writelines(_pieces(path))
            _in_memory[path] = f"/proc/self/fd/{file}"
        return _in_memory[path]


def place(what: str, paths: list[str]) -> str:
    """Have files on this node; return the folder that stands for an image's root there.

    `what` they are, for who reads of it: a file or a folder.  There is an OSError if no folder
    will do.
    """
    refused = []
    for own in folders():
        root = f"{own}/{_digest}"
        try:
            _make(paths, own, root)
        except OSError as error:
            refused.append(f"{own}: {error.strerror}")
            continue
        if os.environ.get("HPCPY_VERBOSE") == "1":
            say(f"{what} is {root}{what}")
        return root
    name = what.rpartition("/")[2]
    raise OSError(f"no folder for {name}: {'; '.join(refused)}; name another one in TMPDIR")


def _make(paths: list[str], own: str, root: str) -> None:
    folder = opened(own)
    try:
        if os.fstatvfs(folder).f_flag & os.ST_NOEXEC:
            raise OSError(errno.EACCES, "mounted noexec")
        if missing := _missing(paths, root):
            # One process of the node writes; the kernel unlocks if it is killed.
            fcntl.flock(folder, fcntl.LOCK_EX)
            for path in _missing(missing, root):
                _write_whole(path, root + path)
    finally:
        os.close(folder)


def _missing(paths: list[str], root: str) -> list[str]:
    return [path for path in paths if not _is_there(root + path, index[path][0])]


def _is_there(path: str, size: int) -> bool:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return False
    # After a power failure it may be shorter.
    return stat.S_ISREG(status.st_mode) and status.st_size == size


def _write_whole(path: str, target: str) -> None:
    _make_folder(target.rpartition("/")[0])
    # A start that was killed may have left one.
    part = f"{target}.part"
    try:
        with open(part, "wb", opener=_for_owner) as file:
            file.writelines(_pieces(path))
    except BaseException:
        if os.path.exists(part):
            os.unlink(part)
        raise
    os.rename(part, target)


def _make_folder(folder: str) -> None:
    if not os.path.isdir(folder):
        _make_folder(folder.rpartition("/")[0])
        os.mkdir(folder, 0o700)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o700)
