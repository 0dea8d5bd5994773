"""One sample: an image's file made ready, a start or several at once, what it took.

`inside` runs this file by a Python of its own, in a mount namespace of its own:
what is mounted goes with it, and processor time is that of its children.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.stages import StageError
from measure.cold.page_cache import drop, load, resident_bytes
from measure.cold.slow_file import SlowFile, Storage

# A name for the image's file in a command: a slow storage gives it another path.
IMAGE = "{image}"
CACHED, DROPPED, SLOW = "cached", "dropped", "slow"
_SECONDS = 300
# The module's path is no environment variable: the command would inherit it.
_RUN = """
import runpy, sys
sys.path[:0] = sys.argv[1:3]
runpy.run_module(sys.argv[3], {}, "__main__")
"""
_FOLDERS = (str(paths.ROOT / "benchmarks"), str(paths.ROOT / "src"))
_SUBREAPER = 36


def inside(module: str, request: dict[str, Any]) -> dict[str, Any]:
    """Run a module of this folder in a mount namespace, and return what it tells.

    Raises
    ------
    StageError
        When it ends with another code than 0, or not within `_SECONDS`.
    """
    as_user = [] if os.geteuid() == 0 else ["--map-root-user"]
    python = [sys.executable, "-I", "-c", _RUN, *_FOLDERS, module]
    try:
        done = subprocess.run(
            ["unshare", "--mount", *as_user, *python, json.dumps(request)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StageError(f"{module} had not ended after {_SECONDS} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise StageError(f"{module} failed with exit code {done.returncode}: {said[0]}")
    return dict(json.loads(done.stdout))


def take(request: dict[str, Any]) -> dict[str, Any]:
    """Take a sample.

    Parameters
    ----------
    request
        ``image``, its file; ``storage``, `CACHED`, `DROPPED` or `SLOW`, and of
        the last ``rate`` and ``delay``; ``command``; ``ranks``, how many at once.

    Returns
    -------
    dict
        ``wall``, seconds until each of them had ended, the first one first;
        ``user`` and ``kernel``, processor seconds of all together in programs and in
        the kernel for them;
        ``read``, bytes of the image's file that came from the storage, and
        ``requests`` where it is slow.
    """
    image = Path(request["image"])
    if request["storage"] != SLOW:
        (load if request["storage"] == CACHED else drop)(image)
        taken = _start(request, image)
        if request["storage"] == DROPPED:
            taken["read"] = resident_bytes(image)
        return taken
    load(image)
    storage = Storage(request["rate"], request["delay"])
    with tempfile.TemporaryDirectory(prefix="hpcpy-slow.") as folder:
        slow = SlowFile(image, Path(folder), storage)
        taken = _start(request, slow.path)
        subprocess.run(["umount", "--lazy", folder], check=True)
    return {**taken, "read": storage.bytes_read, "requests": storage.requests}


def _start(request: dict[str, Any], image: Path) -> dict[str, Any]:
    # FUSE servers leave their parents; what they took counts, too.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    command = [word.replace(IMAGE, str(image)) for word in request["command"]]
    before = _children()
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic()
        # Kept: subprocess itself collects the exit code of one that is forgotten.
        every = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            for _ in range(request["ranks"])
        ]
        started = {one.pid for one in every}
        ends = []
        while True:
            try:
                child, status = os.wait()
            except ChildProcessError:
                break
            if child in started:
                ends.append(time.monotonic() - begun)
                if status:
                    said.seek(0)
                    text = said.read().decode(errors="replace").strip()
                    sys.exit(f"{command[-1]!r}: exit code {status >> 8}: {text[-300:]}")
    after = _children()
    return {"wall": ends, **{name: after[name] - before[name] for name in after}}


def _children() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"user": used.ru_utime, "kernel": used.ru_stime}


if __name__ == "__main__":
    print(json.dumps(take(json.loads(sys.argv[-1]))))
