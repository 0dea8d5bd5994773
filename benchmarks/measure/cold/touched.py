"""How much of an image a start reads: bytes of its file, and blocks of the files in it.

The image's file system is mounted for this start alone.  A file system of our own
serves its file and counts the requests: neither the disk's read-ahead nor other users
of the image count.  Afterwards the kernel tells which pages it holds of each file in
the image.
"""

from __future__ import annotations

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

from hpcpy.build.sif_header import system_offset
from hpcpy.core.errors import UnavailableError
from measure.cold.page_cache import resident
from measure.cold.sample import inside
from measure.cold.slow_file import SlowFile, Storage

# mksquashfs's default, of which no image here has another.
BLOCK = 1 << 17
_PAGES = BLOCK // mmap.PAGESIZE


@dataclass(frozen=True)
class Touched:
    """What a start touched.

    Attributes
    ----------
    read, requests
        Bytes of the image's file, and in how many requests.
    files
        Blocks of 128 KiB that the kernel holds of each file in it.
    """

    read: int
    requests: int
    files: dict[str, int]

    @property
    def blocks(self) -> int:
        """Blocks of all files."""
        return sum(self.files.values())

    def most(self, number: int = 12) -> list[str]:
        """Return a line for each of the files with the most blocks."""
        order = sorted(self.files.items(), key=lambda one: (-one[1], one[0]))
        return [f"{blocks:5} {name}" for name, blocks in order[:number]]


def touched(sif: Path, command: Sequence[str]) -> Touched:
    """Start a program on a fresh mount and look at what it touched.

    Parameters
    ----------
    sif
        The image.
    command
        The program and its arguments; the mounted image becomes its ``/``.

    Raises
    ------
    UnavailableError
        For an ordinary user: the kernel mounts a squashfs for root alone.
    hpcpy.core.stages.StageError
        When the program fails.
    """
    if os.geteuid() != 0:
        raise UnavailableError("only root can have the kernel mount an image")
    request = {"image": str(sif), "offset": system_offset(sif), "command": list(command)}
    return Touched(**inside(__name__, request))


def _look(image: Path, offset: int, command: Sequence[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="hpcpy-touched.") as folder:
        caches = Path(folder, "caches")
        caches.mkdir()
        found = _fresh(image, offset, command, caches)
        # A first start made what later ones read: matplotlib its list of fonts.
        return _fresh(image, offset, command, caches) if any(caches.iterdir()) else found


def _fresh(image: Path, offset: int, command: Sequence[str], caches: Path) -> dict[str, object]:
    storage = Storage(rate=math.inf, delay=0)
    given, root = (Path(tempfile.mkdtemp(dir=caches.parent)) for _ in range(2))
    file = SlowFile(image, given, storage).path
    options = f"--options=loop,ro,offset={offset}"
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
        found = {
            str(path.relative_to(root)): len(blocks)
            for path in _files(root)
            if (blocks := _blocks(resident(path)))
        }
    finally:
        subprocess.run(["umount", "--recursive", root], check=True)
        subprocess.run(["umount", "--lazy", given], check=True)
    return {**asked, "files": found}


@contextlib.contextmanager
def _usual_read_ahead(root: Path) -> Iterator[None]:
    """Give the mount's loop device the kernel's usual read-ahead for a while.

    A page fault reads that much; machines set it to anything between 128 KiB and
    8 MiB.  The device keeps what it is given for whoever has it next.
    """
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    (device,) = (device for device, where, *_ in mounts if where == str(root))
    asked = subprocess.run(["blockdev", "--getra", device], check=True, stdout=subprocess.PIPE)
    subprocess.run(["blockdev", "--setra", str(BLOCK // 512), device], check=True)
    try:
        yield
    finally:
        subprocess.run(["blockdev", "--setra", asked.stdout.strip(), device], check=True)


def _files(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _blocks(pages: bytes) -> set[int]:
    return {index // _PAGES for index, page in enumerate(pages) if page}


if __name__ == "__main__":
    given = json.loads(sys.argv[-1])
    print(json.dumps(_look(Path(given["image"]), given["offset"], given["command"])))
