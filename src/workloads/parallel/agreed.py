"""An error that every rank finds: the first one prints it, and the others wait for that.

The end of one may end them all (srun --kill-on-bad-exit), and what the first has not yet
printed is lost.  MPI_Finalize does not wait for other ranks.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from workloads.errors import WorkloadError
from workloads.parallel import ranks

# Seconds. The first rank may have started last: where starts are slow, much later.
_LEAST, _MOST = 2.0, 60.0
_STARTS = 10


def say(line: str, *, is_first: bool) -> None:
    """Print a line on standard error from the first rank; the others wait for that.

    Every rank calls this, just before it ends with an exit code that is not 0.
    """
    if is_first:
        print(line, file=sys.stderr, flush=True)
    comm = ranks.several()
    with contextlib.suppress(KeyboardInterrupt):
        if comm is not None:
            ranks.idle_barrier(comm, _patience())
        elif not is_first:
            let_first_speak()


def tell(command: str, error: WorkloadError, *, is_first: bool) -> None:
    """Print a command's error: from the first rank if all have it, else from this one."""
    if error.agreed:
        say(f"{command}: {error}", is_first=is_first)
    else:
        print(f"{command}: {error}", file=sys.stderr)


def let_first_speak() -> None:
    """Give the first rank time to report, where the ranks do not see each other.

    Ten times as long as this rank took to come here, but at least 2 s and at most 60 s.
    """
    time.sleep(_patience())


def _patience() -> float:
    return min(max(_LEAST, _STARTS * _age()), _MOST)


def _age() -> float:
    """Return the seconds since this process began."""
    stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    # The 22nd field is the start; the 2nd, in brackets, may have blanks of its own.
    ticks = int(stat.rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
