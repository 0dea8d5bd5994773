"""The library's files, where the executable itself has them (docs/how-to/standalone.md).

What Python reads, such as a module's source, comes from memory (`_hpcpy_memory.Files`).  What
only the loader or the kernel can open, such as LLVM's library, is placed once for each user
and node: in ``<tmp>/hpcpy-<uid>/<hash of all files>``, which nobody else can write, by the path
that it has in an image.  So are all files of a package that opens some by their paths.  Where
no folder will do, the loader opens a library in this process's memory.

A placed file is taken as whole if this boot has compared it with the executable's own, and
nothing has written to it since: after a power failure it may be full of zeros.  Its times say
so, and a start asks for them anyway: the kernel sets the time of change, which is later than
the boot, and a time of modification without a fraction of a second is ours.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from errno import EACCES, EBUSY

from _hpcpy_memory import Bundle
from _hpcpy_private import folders, opened
from _hpcpy_say import say, setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _hpcpy_memory import Files

_SECOND = 1_000_000_000
# MPI's library needs another, and starts a program, which starts the last one.
_NEIGHBOURS = {
    "/opt/mpich/lib/libmpi.so.12": (
        "/opt/mpich/lib/libfabric.so.1",
        "/opt/mpich/bin/mpiexec.hydra",
        "/opt/mpich/bin/hydra_pmi_proxy",
    )
}

_files: Files = Bundle.files  # type: ignore[assignment]
index, read = _files.index, _files.read
_boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
_in_memory: dict[str, str] = {}


def below(folder: str) -> Iterator[str]:
    """Yield the paths of all files below a folder."""
    return (path for path in index if path.startswith(f"{folder}/"))


def placed(path: str) -> str:
    """Return where this node has a file as one of its own, or this process, for the loader."""
    try:
        return place(path, [path, *_NEIGHBOURS.get(path, ())]) + path
    except OSError as error:
        if path not in _in_memory:
            name = path.rpartition("/")[2]
            say(f"{error}; until then {name} is in this process's memory")
            # It stays open: the loader knows a library by its name.
            file = os.memfd_create(name, os.MFD_CLOEXEC)
            with open(file, "wb", closefd=False) as memory:
                memory.writelines(_files.pieces(path))
            _in_memory[path] = f"/proc/self/fd/{file}"
        return _in_memory[path]


def place(what: str, paths: list[str]) -> str:
    """Have files on this node; return the folder that stands for an image's root there.

    `what` they are, for who reads of it: a file or a folder.  There is an OSError if no folder
    will do.
    """
    refused = []
    for own in folders():
        root = f"{own}/{_files.digest}"
        try:
            _make(paths, own)
        except OSError as error:
            refused.append(f"{own}: {error.strerror}")
            continue
        if setting("HPCPY_VERBOSE") == "1":
            say(f"{what} is {root}{what}")
        return root
    name = what.rpartition("/")[2]
    raise OSError(f"no folder for {name}: {'; '.join(refused)}; name another one in TMPDIR")


def _make(paths: list[str], own: str) -> None:
    folder = opened(own)
    try:
        if os.fstatvfs(folder).f_flag & os.ST_NOEXEC:
            raise OSError(EACCES, "mounted noexec")
        if missing := [path for path in paths if not _is_whole(path, folder)]:
            # One process of the node writes; the kernel unlocks if it is killed.
            fcntl.flock(folder, fcntl.LOCK_EX)
            for path in missing:
                if not _is_whole(path, folder) and not _is_right(path, folder):
                    _write(path, folder)
    finally:
        os.close(folder)


def _is_whole(path: str, folder: int) -> bool:
    try:
        status = os.stat(_files.digest + path, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    is_file = stat.S_ISREG(status.st_mode) and status.st_size == index[path][0]
    return is_file and status.st_ctime > _boot and status.st_mtime_ns % _SECOND == 0


def _is_right(path: str, folder: int) -> bool:
    """Compare a file with the executable's own, and note in its times that they are the same."""
    try:
        with open(_files.digest + path, "rb", opener=_below(folder)) as file:
            is_right = all(file.read(len(piece)) == piece for piece in _files.pieces(path))
            is_right = is_right and not file.read(1)
            if is_right:
                _note(file.fileno())
    except OSError:  # it is missing, or cannot be read
        return False
    return is_right


def _note(file: int) -> None:
    now = int(time.time()) * _SECOND
    os.utime(file, ns=(now, now))


def _write(path: str, folder: int) -> None:
    name = _files.digest + path
    _make_folders(name.rpartition("/")[0], folder)
    # A start that was killed may have left one.
    part = f"{name}.part"
    try:
        with open(part, "wb", opener=_below(folder)) as file:
            file.writelines(_files.pieces(path))
            file.flush()
            # Nothing is to be written there, where it vanishes; venv copies scripts' modes.
            mode = 0o644 if "/venv/scripts/" in path else 0o444
            os.fchmod(file.fileno(), 0o555 if "/bin/" in path else mode)
            _note(file.fileno())
            if ".so" in path:  # not for jedi's 5,605 files: each boot compares all
                os.fsync(file.fileno())
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException as error:
        try:
            os.unlink(part, dir_fd=folder)
        except FileNotFoundError:
            pass
        # A site has mounted its own over it, as an engine's hook does: that one is taken.
        if getattr(error, "errno", 0) != EBUSY:
            raise


def _below(folder: int) -> Callable[[str, int], int]:
    return lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600, dir_fd=folder)


def _make_folders(name: str, folder: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        pass
    except FileNotFoundError:
        above = name.rpartition("/")[0]
        if not above:  # somebody has removed the user's folder meanwhile
            raise
        _make_folders(above, folder)
        os.mkdir(name, 0o700, dir_fd=folder)
