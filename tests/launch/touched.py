"""How much of an image a start reads: bytes of its file, and blocks of the files in it.

The image's file system is mounted for this start alone.  A file system of our own serves its
file and counts the requests: neither the disk's read-ahead nor other users of the image count.
Afterwards the kernel tells which pages it holds of each file in the image.
"""

import contextlib
import json
import math
import mmap
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.engine.sif_header import system
from hpcpy_common.errors import UnavailableError
from measure.cold.sample import inside, resident
from measure.fuse import SlowStorage, mounted

# mksquashfs's default, of which no image here has another.
BLOCK = 1 << 17
_PAGES = BLOCK // mmap.PAGESIZE


@dataclass(frozen=True)
class Touched:
    """Bytes of the image's file, in how many requests, and blocks of 128 KiB of each file in it."""

    read: int
    requests: int
    files: dict[str, int]

    @property
    def blocks(self) -> int:
        return sum(self.files.values())

    def most(self, number: int) -> dict[str, int]:
        order = sorted(self.files.items(), key=lambda item: (-item[1], item[0]))
        return dict(order[:number])


def touched(sif: Path, command: Sequence[str]) -> Touched:
    """Start a program on a fresh mount, which becomes its ``/``, and look at what it touched."""
    if os.geteuid() != 0:
        raise UnavailableError("only root can have the kernel mount an image")
    request = {"image": str(sif), "offset": system(sif)[0], "command": list(command)}
    return Touched(**inside(__name__, request, str(Path(__file__).parent)))


def _look(image: str, offset: int, command: Sequence[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="hpcpy-touched.") as folder:
        caches = Path(folder, "caches")
        caches.mkdir()
        asked = _fresh(Path(image), offset, command, caches)
        # A first start made what later ones read: matplotlib its list of fonts.
        return _fresh(Path(image), offset, command, caches) if any(caches.iterdir()) else asked


def _fresh(image: Path, offset: int, command: Sequence[str], caches: Path) -> dict[str, object]:
    storage = SlowStorage(rate=math.inf, delay=0)
    root = Path(tempfile.mkdtemp(dir=caches.parent))
    options = f"--options=loop,ro,offset={offset}"
    with mounted(image, storage) as file:
        subprocess.run(["mount", "--types=squashfs", options, file, root], check=True)
        try:
            subprocess.run(["mount", "--bind", caches, root / "tmp"], check=True)
            with _usual_read_ahead(root):
                subprocess.run(
                    ["chroot", root, *command],
                    env={**os.environ, "MPLCONFIGDIR": "/tmp"},  # noqa: S108
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
            # Read first: looking at the files below reads the image's tables of them.
            asked = {"read": storage.bytes_read, "requests": storage.requests}
            subprocess.run(["umount", root / "tmp"], check=True)
            return {**asked, "files": dict(_blocks(root))}
        finally:
            subprocess.run(["umount", "--recursive", root], check=True)


@contextlib.contextmanager
def _usual_read_ahead(root: Path) -> Iterator[None]:
    """Give the mount's loop device the kernel's usual read-ahead for a while.

    A page fault reads that much; machines set it to anything between 128 KiB and 8 MiB.  The
    device keeps what it is given for whoever has it next.
    """
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    (device,) = (device for device, where, *_ in mounts if where == str(root))
    asked = subprocess.run(["blockdev", "--getra", device], check=True, stdout=subprocess.PIPE)
    subprocess.run(["blockdev", "--setra", str(BLOCK // 512), device], check=True)
    try:
        yield
    finally:
        subprocess.run(["blockdev", "--setra", asked.stdout.strip(), device], check=True)


def _blocks(root: Path) -> Iterator[tuple[str, int]]:
    """Yield each file of which the kernel holds pages, and how many blocks these are of."""
    for where, _, names in os.walk(root):
        for path in (Path(where, name) for name in names):
            if stat.S_ISREG(path.lstat().st_mode):
                pages = enumerate(resident(path))
                if blocks := len({index // _PAGES for index, page in pages if page}):
                    yield str(path.relative_to(root)), blocks


if __name__ == "__main__":
    print(json.dumps(_look(**json.loads(sys.argv[-1]))))
