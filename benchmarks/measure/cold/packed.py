"""One sample: some starts at once of a packed environment whose image is on slow storage."""

import contextlib
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
from measure.fuse import SlowStorage, mounted

# Mounted for these starts alone, until they have ended.
_ALONE = {"HPCPY_PACK_HOLD": "0"}


def take(
    prefix: str, delay: float | None, command: list[str], ranks: int, *, ahead: bool
) -> dict[str, float]:
    """Start a command in a mount of its own; without `delay` the image is in the page cache.

    Returns ``wall``, seconds until all ranks had ended, ``read``, bytes of the image that came
    from the storage, and ``requests``.
    """
    image = image_of(Path(prefix))
    slow = SlowStorage(RATE, delay or 0.0)
    load(image)
    with contextlib.ExitStack() as stack:
        other = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hpcpy-slow.")))
        (other / ".pack").mkdir()
        for name in ("run", "otherwise", "config"):
            shutil.copy(Path(prefix, ".pack", name), other / ".pack")
        if not ahead:
            with_setting(other, "HOT", "")
        served = image if delay is None else stack.enter_context(mounted(image, slow))
        image_of(other).symlink_to(served)
        program = other / command[0]
        program.symlink_to(".pack/run")
        begun = time.monotonic()
        words = [str(program), *command[1:]]
        starts = [subprocess.Popen(words, env={**os.environ, **_ALONE}) for _ in range(ranks)]
        codes = [start.wait() for start in starts]
        wall = time.monotonic() - begun
    if any(codes):
        sys.exit(f"{command}: exit codes {codes}")
    return {"wall": wall, "read": slow.bytes_read, "requests": slow.requests}


if __name__ == "__main__":
    print(json.dumps(take(**json.loads(sys.argv[-1]))))
