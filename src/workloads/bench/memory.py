"""Peak resident memory of a technique's processes, as the kernel counts it.

Not ``ru_maxrss``: that covers a process's whole life, and a child's begins with what its
parent had.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")
_PEAK = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
# Written to clear_refs, it resets a peak to what the process has now: proc_pid_clear_refs(5).
_FORGET = "5"


def begin() -> bool:
    """Forget this process's peak so far; return whether the kernel does that."""
    try:
        (_PROCESSES / "self/clear_refs").write_text(_FORGET)
    except OSError:
        return False
    return True


def peaks() -> list[int]:
    """Return the peak of this process in bytes, then those of its descendants."""
    return [peak for process in _with_descendants(os.getpid()) if (peak := _peak(process))]


def _peak(process: int) -> int:
    found = _PEAK.search(_read(_PROCESSES / f"{process}/status"))
    return 1024 * int(found[1]) if found else 0


def _with_descendants(process: int) -> Iterator[int]:
    yield process
    for thread in (_PROCESSES / f"{process}/task").glob("[0-9]*"):
        for child in _read(thread / "children").split():
            yield from _with_descendants(int(child))


def _read(path: Path) -> str:
    # The process may have ended since.
    try:
        return path.read_text()
    except OSError:
        return ""
