"""Which pages of a file the kernel holds in memory, and dropping them."""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_CHUNK = 1 << 24
_TRIES, _PAUSE = 20, 0.1


def resident(path: Path) -> bytes:
    """Return a byte for each page of a file, 1 where it is in the page cache.

    The kernel tells a file's owner, and whoever may write to it; to others it
    says that all pages are there.
    """
    size = path.stat().st_size
    if not size:
        return b""
    with path.open("rb") as stream:
        # A private mapping that may be written to: ctypes takes the address of no other.
        mapped = mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_COPY)
    first = ctypes.c_char.from_buffer(mapped)
    answer = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
    failed = _libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(size), answer)
    number = ctypes.get_errno()
    del first
    mapped.close()
    if failed:
        raise OSError(number, os.strerror(number), str(path))
    # The other bits have no meaning yet.
    return bytes(one & 1 for one in answer)


def resident_bytes(path: Path) -> int:
    """Return how much of a file is in the page cache."""
    return sum(resident(path)) * mmap.PAGESIZE


def drop(path: Path) -> None:
    """Take a file, and no other, out of the page cache.

    Raises
    ------
    OSError
        When pages stay: another program has the file mounted or mapped, or it
        lies in memory, as on tmpfs.
    """
    with path.open("rb") as stream:
        # Pages that are not on the disk yet would stay.
        os.fsync(stream.fileno())
        for _ in range(_TRIES):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if not (left := resident_bytes(path)):
                return
            # A loop device lets go of its file a moment after its unmount.
            time.sleep(_PAUSE)
    raise OSError(f"{path}: {left} bytes stay in memory; who else uses the file?")


def load(path: Path) -> None:
    """Have all of a file in the page cache."""
    if all(resident(path)):
        return
    with path.open("rb") as stream:
        while stream.read(_CHUNK):
            pass
