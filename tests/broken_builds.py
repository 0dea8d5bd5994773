"""Break a build at random moments, resume it each time, and compare what it makes.

    python3 tests/broken_builds.py /tmp/broken --builds 2 --times 25
    python3 tests/broken_builds.py /mnt/small --fault full --times 10
    python3 tests/broken_builds.py /tmp/broken --late --times 10

``./hpcpy build sif`` of this commit runs in a clone below the folder, with a cache of its own
that is empty at first.  ``kill``: the tool and its process group get SIGKILL.  ``full``: the
folder's file system, which has to be another one than the checkout's, is filled, and the build
has to end by itself with one line and exit code 73.  Two moments are 1 to 300 s apart, evenly
drawn by their logarithm: some early in a stage, some beyond the longest one.  At last the build
runs to its end.  Its archive and SIF have to be those of ``build/``, which nothing has
disturbed.  ``--late``: the cache begins with a copy of the parts that ``~/.cache/hpcpy`` has, so
that all moments are in the stages behind them; a build that ends before the last moment begins
again there.  ``docs/results/broken-builds.json`` gets each moment.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs/results/broken-builds.json"
MADE = ("hpcpy.oci.tar", "hpcpy.sif")
# The seconds between two moments: the longest part takes about the larger number.
EARLIEST, LATEST = 1.0, 300.0
# With all parts at hand: image, archive and SIF together take about as long.
LATEST_LATE = 90.0
# The folders of a cache that are made before image, archive and SIF.
READY = ("apt", "downloads", "parts", "rootfs")
# In this time a shell ends each stage's processes when the tool is gone.
END_SECONDS = 30.0
# The build ends only after the parts that still find room in their own files.
FULL_SECONDS = 1_800.0
FULL_CODE, HUNG_CODE = 73, 124


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
    """Return how many processes of a broken build are left after `END_SECONDS`."""
    deadline = time.monotonic() + END_SECONDS
    while (left := processes_below(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return len(left)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill a folder's file system while the block runs."""
    filler = folder / "filler"
    try:
        with filler.open("wb") as stream, contextlib.suppress(OSError):
            size = shutil.disk_usage(folder).free
            while size:
                os.posix_fallocate(stream.fileno(), stream.seek(0, os.SEEK_END), size)
                size //= 2
        yield
    finally:
        filler.unlink()


def build(folder: Path, seconds: float | None, fault: str) -> tuple[int, bool]:
    """Run ``hpcpy build sif``; return its exit code, and whether it was broken in that time."""
    with (folder / "log").open("a") as stream:
        made = subprocess.Popen(
            ["./hpcpy", "build", "sif"],
            cwd=folder / "hpcpy",
            env={**os.environ, "HPCPY_CACHE": str(folder / "cache")},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return made.wait(seconds), False
        except subprocess.TimeoutExpired:
            if fault == "full":
                with filled(folder):
                    return ended(made), True
            return -signal.SIGKILL, True
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(made.pid, signal.SIGKILL)
            made.wait()


def ended(made: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a build that has to end by itself; `HUNG_CODE` if it does not."""
    try:
        return made.wait(FULL_SECONDS)
    except subprocess.TimeoutExpired:
        return HUNG_CODE


def get_ready(folder: Path) -> None:
    """Copy what the checkout's own cache has of all that comes before the image."""
    own = Path(os.environ.get("HPCPY_CACHE") or Path.home() / ".cache", "hpcpy")
    for name in READY:
        # A real copy, without hard links: nothing else may be harmed.
        shutil.copytree(own / name, folder / "cache/hpcpy" / name, symlinks=True)


def begin_again(folder: Path) -> None:
    """Remove image, archive and SIF, so that the next build makes them anew."""
    storage = folder / "cache/hpcpy/storage"
    shutil.rmtree(folder / "cache/hpcpy/images", ignore_errors=True)
    for file in (folder / "hpcpy/build").glob("hpcpy.*"):
        file.unlink()
    if storage.exists():
        roots: list[str | Path] = ["--root", storage, "--runroot", storage / "run"]
        subprocess.run(["buildah", *roots, "rmi", "--all", "--force"], check=False)


def broken_build(
    folder: Path, times: int, draw: random.Random, fault: str, *, late: bool
) -> dict[str, Any]:
    """Build once, broken at most so many times; return the record's entry."""
    for name in ("hpcpy", "cache"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    if late:
        get_ready(folder)
    quietly = ["-c", "advice.detachedHead=false"]
    subprocess.run(["git", *quietly, "clone", "-q", ROOT, folder / "hpcpy"], check=True)
    moments: list[dict[str, Any]] = []
    begun, latest = time.monotonic(), LATEST_LATE if late else LATEST
    while True:
        seconds = math.exp(draw.uniform(math.log(EARLIEST), math.log(latest)))
        code, is_broken = build(folder, seconds if len(moments) < times else None, fault)
        if is_broken:
            moments.append(moment(folder, seconds, code))
        elif late and code == 0 and len(moments) < times:
            begin_again(folder)
        else:
            break
    return {
        "fault": fault,
        "late": late,
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "seconds": round(time.monotonic() - begun),
        "moments": moments,
        "exit_code": code,
        "behind": left_behind(folder),
        "sha256": hashes(folder / "hpcpy/build") if code == 0 else {},
    }


def left_behind(folder: Path) -> dict[str, int]:
    """Return how many containers, mounts and folders are left after the last build."""
    lists = ("*-containers/containers.json", "run/*-containers/volatile-containers.json")
    storage = folder / "cache/hpcpy/storage"
    listed = [json.loads(file.read_text()) for one in lists for file in storage.glob(one)]
    mounted = Path("/proc/self/mountinfo").read_text()
    return {
        "containers": sum(map(len, listed)),
        "mounts": mounted.count(f" {folder}/cache/"),
        "folders": len(list((folder / "hpcpy/build/scratch").glob("[!.]*"))),
    }


def moment(folder: Path, seconds: float, code: int) -> dict[str, Any]:
    """Return, and print, the record's entry for one moment."""
    said = (folder / "log").read_text(errors="replace").rstrip().split("\n")
    one = {
        "after_s": round(seconds, 1),
        "exit_code": code,
        "last_line": said[-1].strip().replace(str(folder), "…"),
        "left": left_after(folder),
    }
    print(json.dumps(one, ensure_ascii=False), flush=True)
    return one


def is_good(run: dict[str, Any]) -> bool:
    """Return whether a build made the same bytes, left nothing and ended as it should."""
    codes = {one["exit_code"] for one in run["moments"]}
    as_it_should = run["fault"] == "kill" or codes <= {FULL_CODE}
    left = [*run["behind"].values(), *(one["left"] for one in run["moments"])]
    return run["same"] and as_it_should and not any(left)


def main() -> int:
    """Return 0 if every build was good."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for the clone and its cache: 10 GB")
    parser.add_argument("--fault", choices=("kill", "full"), default="kill")
    help_ = "with all parts at hand: image, archive and SIF are broken"
    parser.add_argument("--late", action="store_true", help=help_)
    parser.add_argument("--builds", type=int, default=1)
    parser.add_argument("--times", type=int, default=25, help="in each build")
    parser.add_argument("--seed", type=int, default=None, help="of the moments")
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if asked.fault == "full" and folder.stat().st_dev == ROOT.stat().st_dev:
        parser.error(f"{folder}: is on the checkout's file system, which is not to be filled")
    # The build to compare with: undisturbed, and of this commit.
    subprocess.run(["./hpcpy", "build", "sif"], cwd=ROOT, check=True)
    wanted = hashes(ROOT / "build")
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32)
    draw = random.Random(seed)  # noqa: S311
    runs = json.loads(RECORD.read_text()) if RECORD.exists() else []
    good = True
    for _ in range(asked.builds):
        one = broken_build(folder, asked.times, draw, asked.fault, late=asked.late)
        run = {"seed": seed, **one}
        run["same"] = run["sha256"] == wanted
        runs.append(run)
        unfinished = RECORD.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n")
        unfinished.rename(RECORD)
        print(f"{len(run['moments'])} times, {run['seconds']} s, the same bytes: {run['same']}")
        good = good and is_good(run)
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
