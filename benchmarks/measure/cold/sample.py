"""One sample: an image's file made ready, a start, what it took.

`inside` runs this file by a Python of its own, in a mount namespace of its own: what is
mounted goes with it, and processor time is that of its children.
"""

import ctypes
import json
import mmap
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy_common.errors import UnavailableError
from measure.fuse import SlowStorage, mounted
from measure.running import output

# A name for the image's file in a command: a slow storage gives it another path.
IMAGE = "{image}"
CACHED, DROPPED, SLOW = "cached", "dropped", "slow"
STORAGES = (CACHED, DROPPED, SLOW)
# As of a disk system that many nodes share.
RATE, DELAY = 200e6, 1e-3
# Seconds that a request takes; None: all is in the page cache.
DELAYS = (None, 0.001, 0.005, 0.010)
_SECONDS = 300
# The module's path is no environment variable: the command would inherit it.
_RUN = """
import runpy, sys
*sys.path[:0], module, _ = sys.argv[1:]
runpy.run_module(module, {}, "__main__")
"""
_FOLDERS = (str(paths.ROOT / "benchmarks"), str(paths.ROOT / "src"))
_TRIES, _PAUSE = 20, 0.1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(kw_only=True)
class Taken:
    """What `take` returns, one a sample."""

    wall: list[float] = field(default_factory=list)
    user: list[float] = field(default_factory=list)
    kernel: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


def require_root(program: str) -> None:
    """Refuse a user who may not mount what is measured."""
    if os.geteuid() != 0:
        hint = f"sudo python3 benchmarks/{program}"
        raise UnavailableError("only root mounts images by the kernel, and a storage", hint=hint)


def inside(module: str, request: dict[str, Any], folder: str = ".") -> dict[str, Any]:
    """Run a module, of this folder or another, in a mount namespace; return what it tells."""
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    python = [sys.executable, "-I", "-c", _RUN, *_FOLDERS, folder, module]
    command = ["unshare", "--mount", *as_user, *python, json.dumps(request)]
    return dict(json.loads(output(command, module, timeout=_SECONDS)))


def add(kind: object, module: str, request: dict[str, Any]) -> None:
    """Take a sample by a module, as `inside`; append each number to the list of its name."""
    for name, value in inside(module, request).items():
        getattr(kind, name).append(value)


def take(
    image: str, storage: str, command: list[str], delay: float = DELAY, hot: str = ""
) -> dict[str, float]:
    """Start a command once, from an image's file on one of `STORAGES`; `hot` lies beside it.

    Returns ``wall``, seconds until it had ended; ``user`` and ``kernel``, processor seconds in
    programs and in the kernel for them; ``read``, bytes of the file that came from the
    storage, and ``requests`` where it is slow.
    """
    file = Path(image)
    if storage == SLOW:
        load(file)
        slow = SlowStorage(RATE, delay)
        with mounted(file, slow) as served:
            taken = _start(command, served, hot)
        return {**taken, "read": slow.bytes_read, "requests": slow.requests}
    (load if storage == CACHED else drop)(file)
    taken = _start(command, file, hot)
    if storage == DROPPED:
        taken["read"] = sum(resident(file)) * mmap.PAGESIZE
    return taken


def _start(words: list[str], image: Path, hot: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="hpcpy-hot.") as folder:
        if hot:
            # A slow storage has one file: a link to it has the list beside itself.
            link = Path(folder, "i.sif")
            link.symlink_to(image)
            Path(folder, "i.sif.hot").write_text(hot)
            image = link
        command = [word.replace(IMAGE, str(image)) for word in words]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        done = subprocess.run(command, capture_output=True, check=False)
        wall = time.monotonic() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        text = done.stderr.decode(errors="replace").strip()
        sys.exit(f"{command[-1]!r}: exit code {done.returncode}: {text[-300:]}")
    user, kernel = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return {"wall": wall, "user": user, "kernel": kernel}


def resident(path: Path) -> bytes:
    """Return a byte for each page of a file, 1 where the kernel holds it in memory.

    The kernel tells a file's owner, and whoever may write to it; to others it says that all
    pages are there.
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
    return bytes(page & 1 for page in answer)


def drop(path: Path) -> None:
    """Take a file, and no other, out of memory."""
    with path.open("rb") as stream:
        # Pages that are not on the disk yet would stay.
        os.fsync(stream.fileno())
        for _ in range(_TRIES):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if not (left := sum(resident(path)) * mmap.PAGESIZE):
                return
            # A loop device lets go of its file a moment after its unmount.
            time.sleep(_PAUSE)
    raise OSError(f"{path}: {left} bytes stay in memory; who else uses the file?")


def load(path: Path) -> None:
    """Have all of a file in memory."""
    if not all(resident(path)):
        subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    print(json.dumps(take(**json.loads(sys.argv[-1]))))
