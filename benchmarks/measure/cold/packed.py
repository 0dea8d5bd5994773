"""One sample: some starts at once of a packed environment whose image is on slow storage."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpcpy.pack.image import image_of, with_setting
from measure.cold.sample import RATE, load
from measure.fuse import OneFile, SlowStorage

# Mounted for these starts alone, until they have ended.
_ALONE = {"HPCPY_PACK_HOLD": "0"}


def take(
    prefix: str, delay: float | None, command: list[str], ranks: int, *, ahead: bool
) -> dict[str, float]:
    """Start a command in a mount of its own; without `delay` the image is in the page cache.

    Returns ``wall``, seconds until all ranks had ended, ``read``, bytes of the image that came
    from the storage, and ``requests``.
    """
    own, image = Path(prefix, ".pack"), image_of(Path(prefix))
    slow = SlowStorage(RATE, delay or 0.0)
    load(image)
    with tempfile.TemporaryDirectory(prefix="hpcpy-slow.") as folder:
        mount, other = Path(folder, "mount"), Path(folder, "other")
        mount.mkdir()
        (other / ".pack").mkdir(parents=True)
        for name in ("run", "otherwise", "config"):
            shutil.copy(own / name, other / ".pack")
        if not ahead:
            with_setting(other, "HOT", "")
        if delay is not None:
            OneFile(image, slow).mount(mount)
        image_of(other).symlink_to((mount if delay is not None else own) / image.name)
        (other / command[0]).symlink_to(".pack/run")
        begun = time.monotonic()
        starts = [
            subprocess.Popen([other / command[0], *command[1:]], env={**os.environ, **_ALONE})
            for _ in range(ranks)
        ]
        codes = [start.wait() for start in starts]
        wall = time.monotonic() - begun
        if delay is not None:
            subprocess.run(["umount", "--lazy", mount], check=True)
    if any(codes):
        sys.exit(f"{command}: exit codes {codes}")
    return {"wall": wall, "read": slow.bytes_read, "requests": slow.requests}


if __name__ == "__main__":
    print(json.dumps(take(**json.loads(sys.argv[-1]))))
