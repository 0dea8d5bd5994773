"""The library's files, where the executable itself has them (docs/how-to/standalone.md).

What Python reads, such as a module's source, comes from memory.  What only the loader or
the kernel can open, such as LLVM's library, is placed once for each user and node:
``<tmp>/hpcpy-<uid>/<hash>/<name>``, which nobody else can write.  So are all files of a
package that opens some by their paths.  Where no folder will do, the loader opens a
library in this process's memory.

`recipes/standalone/files.py` writes what is read here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

import _hpcpy_bundle  # type: ignore[import-not-found]

from _hpcpy_caches import parents
from _hpcpy_say import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# An entry: its size, the hash that names it, and where its pieces are.
Entry = tuple[int, str, tuple[int, ...]]

_SIZE_BYTES = 4
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_data: memoryview = _hpcpy_bundle.files()
# Of all files.
_digest = _data[16:24].hex()
_in_memory: dict[str, str] = {}


def _load(offset: int) -> Any:
    size = int.from_bytes(_data[offset - _SIZE_BYTES : offset], "little")
    return _hpcpy_bundle.loads(_data[offset : offset + size])


# By their paths, as they would lie in an image.
index: dict[str, Entry] = _load(int.from_bytes(_data[8:16], "little"))


def _entry(path: str) -> Entry:
    try:
        return index[path]
    except KeyError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None


def read(path: str) -> bytes:
    """Return a file's content; FileNotFoundError if the executable lacks it."""
    return b"".join(_load(offset) for offset in _entry(path)[2])


def hash_of(path: str) -> str:
    """Return the hash that names a file's folder."""
    return _entry(path)[1]


def placed(path: str, folder: str = "", *, to_run: bool = False) -> str:
    """Return where this node has a file as one of its own, for the loader or the kernel.

    Parameters
    ----------
    path
        The file, as it would lie in an image.
    folder
        Files of one such name lie together; by default each lies alone, by its hash.
    to_run
        Whether it is a program: without a folder for it there is an OSError.
    """
    name = path.rpartition("/")[2]
    place, reasons = _placed({path: name}, folder or hash_of(path))
    if place:
        _say_where(path, f"{place}/{name}")
        return f"{place}/{name}"
    if to_run:
        raise OSError(_no_folder(name, reasons))
    if path not in _in_memory:
        say(f"{name} is in this process's memory: {reasons}; TMPDIR names a folder")
        # It stays open: the loader knows a library by its name.
        file = os.memfd_create(name, os.MFD_CLOEXEC)
        _write(path, file)
        _in_memory[path] = f"/proc/self/fd/{file}"
    return _in_memory[path]


def placed_package(library: str, package: str, beside: str) -> str:
    """Place all files of a package, its modules' sources, too.

    jedi, for one, starts a source of its own by its path.

    Parameters
    ----------
    library
        The folder of the library, as it would lie in an image.
    package
        The package's, below it.
    beside
        The name of the folder with its libraries, beside it; empty if there is none.

    Returns
    -------
    str
        The folder that stands for the library's.
    """
    parent, _, name = package.rpartition("/")
    folders = (package, f"{parent}/{beside}") if beside else (package,)
    found = [path for each in folders for path in below(each)]
    place, reasons = _placed({path: path[len(library) + 1 :] for path in found}, _digest)
    if not place:
        raise ImportError(_no_folder(name, reasons), name=name)
    _say_where(package, f"{place}{package.removeprefix(library)}")
    return place


def _say_where(path: str, place: str) -> None:
    if os.environ.get("HPCPY_VERBOSE") == "1":
        say(f"{path} is {place}")


def _no_folder(name: str, reasons: str) -> str:
    return f"hpcpy: no folder for {name}: {reasons}; name another one in TMPDIR"


def _placed(files: dict[str, str], folder: str) -> tuple[str, str]:
    """Have files below a folder of this user's, by their relative names there.

    Returns its path, or why there is none.
    """
    refused = []
    for parent in parents():
        own = f"{parent}/hpcpy-{os.getuid()}"
        try:
            _make(files, own, folder)
        except OSError as error:
            refused.append(f"{own}: {error.strerror}")
        else:
            return f"{own}/{folder}", ""
    return "", "; ".join(refused)


def _make(files: dict[str, str], own: str, folder: str) -> None:
    above = _opened(own)
    try:
        if os.fstatvfs(above).f_flag & os.ST_NOEXEC:
            raise OSError(errno.EACCES, "mounted noexec")
        here = _opened(folder, above)
        try:
            if missing := _missing(files, here):
                # One process of the node writes; the kernel unlocks if it is killed.
                fcntl.flock(here, fcntl.LOCK_EX)
                for path in _missing(missing, here):
                    _write_whole(path, files[path], here)
        finally:
            os.close(here)
    finally:
        os.close(above)


def _opened(folder: str, above: int | None = None) -> int:
    """Open a folder that only this user can write, made if it is missing."""
    try:
        os.mkdir(folder, 0o700, dir_fd=above)
    except FileExistsError:
        pass
    opened = os.open(folder, _FOLDER, dir_fd=above)
    status = os.fstat(opened)
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        os.close(opened)
        raise OSError(errno.EPERM, "others can write there")
    return opened


def _missing(files: dict[str, str], folder: int) -> dict[str, str]:
    return {path: name for path, name in files.items() if not _is_there(path, name, folder)}


def _is_there(path: str, name: str, folder: int) -> bool:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    # After a power failure it may be shorter.
    return stat.S_ISREG(status.st_mode) and status.st_size == _entry(path)[0]


def _write_whole(path: str, name: str, folder: int) -> None:
    part = f"{name}.part"
    parts = name.split("/")
    for depth in range(1, len(parts)):
        try:
            os.mkdir("/".join(parts[:depth]), 0o700, dir_fd=folder)
        except FileExistsError:
            pass
    try:
        os.unlink(part, dir_fd=folder)
    except FileNotFoundError:
        pass
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(part, flags, 0o500, dir_fd=folder)
    try:
        _write(path, file)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise
    finally:
        os.close(file)


def _write(path: str, file: int) -> None:
    for offset in _entry(path)[2]:
        piece = memoryview(_load(offset))
        while piece:
            piece = piece[os.write(file, piece) :]


def below(folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder."""
    return (path for path in index if path.startswith(f"{folder}/"))
