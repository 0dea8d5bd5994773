"""Kill a build at random moments, resume it each time, and compare what it makes.

    python3 tests/kills.py /tmp/kills --builds 2 --kills 25

``make sif`` of this commit runs in a clone below the folder, with a cache of its own that is
empty at first.  ``make``, the tool and what stands in their process group get SIGKILL.  Two
moments are 1 to 300 s apart, evenly drawn by their logarithm: some early in a stage, some beyond
the longest one.  After the last kill the build runs to its end.  Its archive
and SIF have to be those of ``build/``, which nothing has disturbed.  ``docs/results/kills.json``
gets each moment.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs/results/kills.json"
MADE = ("hpcpy.oci.tar", "hpcpy.sif")
# The seconds between two kills: the longest part takes about the larger number.
EARLIEST, LATEST = 1.0, 300.0
# A shell ends each stage's processes when the tool is gone.
END_SECONDS = 30.0


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of a checkout's image files."""
    found = {}
    for name in MADE:
        with (folder / name).open("rb") as stream:
            found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def processes_below(folder: Path) -> list[int]:
    """Return the processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
    return found


def left_after(folder: Path) -> int:
    """Return how many processes of a killed build are there when they had time to end."""
    deadline = time.monotonic() + END_SECONDS
    while (left := processes_below(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return len(left)


def build(folder: Path, log: Path, seconds: float | None) -> int | None:
    """Run ``make sif``; return its exit code, None if it was killed after some seconds."""
    checkout = folder / "hpcpy"
    with log.open("a") as stream:
        made = subprocess.Popen(
            ["make", "sif"],
            cwd=checkout,
            env={**os.environ, "HPCPY_CACHE": str(folder / "cache")},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return made.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(made.pid, signal.SIGKILL)
            made.wait()
            return None
        except KeyboardInterrupt:
            os.killpg(made.pid, signal.SIGTERM)
            made.wait()
            raise


def killed_build(folder: Path, kills: int, draw: random.Random) -> dict[str, Any]:
    """Build once, killed so many times at most; return what is kept of it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", ROOT, folder / "hpcpy"], check=True)
    log, moments, code = folder / "log", [], None
    begun = time.monotonic()
    for number in range(kills):
        seconds = math.exp(draw.uniform(math.log(EARLIEST), math.log(LATEST)))
        code = build(folder, log, seconds)
        if code is not None:
            break
        stage = log.read_text(errors="replace").rstrip().rpartition("\n")[2].strip()
        left = left_after(folder)
        moments.append({"after_s": round(seconds, 1), "last_line": stage, "left": left})
        print(
            f"kill {number + 1} after {seconds:.0f} s, {left} processes left: {stage}", flush=True
        )
    if code is None:
        code = build(folder, log, None)
    return {
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "seconds": round(time.monotonic() - begun),
        "kills": moments,
        "exit_code": code,
        "sha256": hashes(folder / "hpcpy/build") if code == 0 else {},
    }


def main() -> int:
    """Return 0 if every build made the same bytes and left no process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for the clone and its cache: 10 GB")
    parser.add_argument("--builds", type=int, default=2)
    parser.add_argument("--kills", type=int, default=25, help="of each build")
    parser.add_argument("--seed", type=int, default=None, help="of the moments")
    asked = parser.parse_args()
    wanted = hashes(ROOT / "build")
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32)
    draw = random.Random(seed)  # noqa: S311
    runs = json.loads(RECORD.read_text()) if RECORD.exists() else []
    good = True
    for _ in range(asked.builds):
        run = {"seed": seed, **killed_build(asked.folder.absolute(), asked.kills, draw)}
        run["same"] = run["sha256"] == wanted
        runs.append(run)
        unfinished = RECORD.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(runs, indent=1) + "\n")
        unfinished.rename(RECORD)
        ended = f"exit code {run['exit_code']}, the same bytes: {run['same']}"
        print(f"{len(run['kills'])} kills, {run['seconds']} s, {ended}", flush=True)
        good = good and run["same"] and not any(kill["left"] for kill in run["kills"])
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
