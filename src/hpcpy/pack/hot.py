"""What programs read of an image: recorded once, so that each start reads it ahead."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from bisect import bisect
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from hpcpy.core.files import disk_errors
from hpcpy.core.programs import captured
from hpcpy.core.stages import StageError
from hpcpy.engine.traced import traced
from hpcpy.pack.image import ANY, setting, with_setting
from hpcpy_common.errors import DiskError, UnavailableError
from workloads.startup.calls import Call

_NAME = "HOT"
_PYTHONS = ("python", "python3")
# A start mounts the image, whatever the user has set.
BY_MOUNT = {"HPCPY_PACK_HOLD": "300", "HPCPY_PACK_ENGINE": ""}
# Nearer to each other, two ranges are one: bytes cost less than a request.
_GAP = 128 << 10
# A launch has a process for each: of five imports 19, where they cost as little as they can.
_LAUNCH_GAP, _LAUNCH_PIECE = 512 << 10, 2 << 20


class Range(NamedTuple):
    """Bytes of an image."""

    at: int
    size: int


class Recording(NamedTuple):
    """What a program did while it was recorded."""

    calls: Sequence[Call]
    # With what each start reads.
    read: Sequence[Range]
    # It did not end in time.
    error: UnavailableError | None = None


def ranges(packed: Path) -> list[Range]:
    """Return what a packed folder's starts read ahead, in the order of its first use."""
    each = re.findall(r"(\d+)\+(\d+)", setting(packed, _NAME))
    return [Range(int(at), int(size)) for at, size in each]


def python_in(folder: Path) -> str:
    """Return the name of the Python in a folder's ``bin``."""
    return next((name for name in _PYTHONS if os.path.exists(folder / "bin" / name)), _PYTHONS[0])


def merged(read: Sequence[Range], always: Collection[int] = (), gap: int = _GAP) -> list[Range]:
    """Return ranges of what was read, without the blocks at offsets that every start reads."""
    begins = sorted(always)
    ends: dict[int, tuple[int, int]] = {}  # By its begin: the end, and when it was first used
    last = -1
    first = {at: order for order, (at, _) in reversed([*enumerate(read)])}
    for at, size in sorted(each for each in set(read) if each.at not in always):
        end, used = ends.get(last, (-1, 0))
        # What every start reads must not be in a range: it would have all of them read.
        if last >= 0 and at - end <= gap and bisect(begins, last) == bisect(begins, at):
            ends[last] = (max(end, at + size), min(used, first[at]))
        else:
            last = at
            ends[at] = (at + size, first[at])
    in_order = sorted((used, at, end) for at, (end, used) in ends.items())
    return [Range(at, end - at) for _, at, end in in_order]


def record(packed: Path, command: Sequence[str]) -> Recording | None:
    """Run a command where a packed folder's image is mounted for it alone."""
    # What it reads, and no `python -c pass`, is read ahead from now on. None if nothing is mounted.
    execute = str(packed / "bin" / ANY)
    with tempfile.NamedTemporaryFile("rb", prefix="record.") as file:
        env = {**os.environ, **BY_MOUNT, "HPCPY_PACK_RECORD": file.name}
        # Like a rank of a job: its mount ends with this process.
        captured([execute, "true"], env={**env, "PMI_RANK": "0"})
        # Not every environment has a Python.
        captured([execute, f"{setting(packed, 'BIN')}{python_in(packed)}", "-c", "pass"], env=env)
        if not (of_each_start := _read(file.read())):
            return None
        calls, error = [], None
        try:
            # The program that mounts is none of those that strace stops.
            calls = traced([execute, *command], env=env, name=command[0], may_lack=True).paths
            started = {call.path for call in calls}
            if calls and command[0].startswith("/") and command[0] not in started:
                raise StageError(f"{command[0]} was never started: an activation script has ended")
        except UnavailableError as raised:
            # What it has read until then will be read again.
            error = raised
        read = _read(file.read())
    if hot := merged([*ranges(packed), *read], {each.at for each in of_each_start}):
        with_setting(packed, _NAME, " ".join(f"{at}+{size}" for at, size in hot))
    return Recording(calls, [*of_each_start, *read], error)


def write_beside(sif: Path, read: Sequence[Range]) -> Path:
    """Add what was read of a SIF to the file beside it that launches look for; return it."""
    # ``src/hpcpy/launch/scripts/read_ahead.sh`` reads it.
    file, size = sif.with_name(f"{sif.name}.hot"), sif.stat()
    lines = [f"{size.st_size}\n"]
    for each in merged([*_beside(file, size.st_size), *read], gap=_LAUNCH_GAP):
        end = each.at + each.size
        places = range(each.at, end, _LAUNCH_PIECE)
        lines += (f"{at} {min(_LAUNCH_PIECE, end - at)}\n" for at in places)
    if file.is_dir():
        raise DiskError(f"{file}: is a folder")
    # Not through a link, which may be another's; whoever reads the SIF may read it.
    with disk_errors(file), tempfile.TemporaryDirectory(prefix=".hot.", dir=sif.parent) as folder:
        made = Path(folder, file.name)
        made.write_text("".join(lines))
        made.chmod(size.st_mode & 0o444 | stat.S_IWUSR)
        made.replace(file)
    return file


def _beside(file: Path, size: int) -> list[Range]:
    """Return what was recorded of the SIF of this size before."""
    with contextlib.suppress(OSError, ValueError):
        if file.is_file():
            first, _, lines = file.read_bytes().partition(b"\n")
            if int(first) == size:
                return _read(lines)
    return []


def _read(lines: bytes) -> list[Range]:
    # On a full disk the last line is half of one.
    return [Range(int(at), int(size)) for at, size in re.findall(rb"(\d+) (\d+)\n", lines)]
