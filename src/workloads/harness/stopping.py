"""A rank that is told to stop is gone within seconds, whatever it waits for.

Python sees a signal between two of its instructions.  A rank that waits in MPI
for one that has died comes to none, or comes to its end and then waits in
MPI_Finalize: Slurm would give both half a minute before it kills them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

SECONDS = 3


def stop_within(seconds: int = SECONDS) -> None:
    """Have SIGALRM end this process some seconds after SIGINT or SIGTERM.

    Until then it can tidy up as ever.
    """
    read, write = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(write, False)
    # The interpreter writes a signal's number when it comes, not when a
    # handler runs; a thread reads while MPI waits, as mpi4py lets others run.
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    # A child's signals are not this process's.
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    threading.Thread(target=_watch, args=(read, seconds), daemon=True).start()


def terminate(number: int, _: object) -> None:
    """Handle SIGTERM: raise SystemExit, but not while a Ctrl-C is being handled.

    At Ctrl-C the first rank that has ended makes Slurm send SIGTERM to the
    others, which are tidying up.
    """
    if not isinstance(sys.exc_info()[1], KeyboardInterrupt):
        sys.exit(128 + number)


def _watch(read: int, seconds: int) -> None:
    while numbers := os.read(read, 64):
        if {signal.SIGINT, signal.SIGTERM}.intersection(numbers):
            signal.alarm(seconds)
            return
