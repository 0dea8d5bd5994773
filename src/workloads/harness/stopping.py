"""Have a rank end within seconds of a signal, whatever it waits for.

Python handles a signal between two of its instructions.  A rank that waits in
MPI for a dead one never reaches the next, or it reaches its end and then waits in
MPI_Finalize: Slurm gives either half a minute before it kills it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from workloads.harness import unfinished

SECONDS = 3
# Less than what the other ranks wait before they abort this one (command.py).
_TIDY_SECONDS = 0.5
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


def stop_within(seconds: int = SECONDS) -> None:
    """Have SIGINT and SIGTERM stop this process, and SIGALRM end it some seconds later.

    Until then it can tidy up: the first signal raises KeyboardInterrupt or
    SystemExit, further ones do nothing.  One Ctrl-C comes several times: Slurm
    sends it to all processes and the container engine to its child, and SIGTERM
    follows when the first rank has ended.

    Parameters
    ----------
    seconds
        From the first signal to SIGALRM.
    """
    stop = _Stop(seconds)
    for number in _NUMBERS:
        # A shell starts a background job with SIGINT ignored: that stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)
    read, write = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(write, False)
    # The interpreter writes a signal's number to the pipe when it comes, not
    # when its handler runs.  A thread can read it while MPI waits, as mpi4py
    # releases the GIL.  The handler is needed as well: MPI_Finalize comes at
    # Python's end, when no thread runs any more.
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    # A child's signals are not this process's.
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    threading.Thread(target=_watch, args=(read, seconds), daemon=True).start()


class _Stop:
    """The handler of both signals."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._is_told = False

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self._is_told:
            return
        self._is_told = True
        signal.alarm(self._seconds)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)


def _watch(read: int, seconds: int) -> None:
    while numbers := os.read(read, 64):
        if set(_NUMBERS).intersection(numbers):
            signal.alarm(seconds)
            # If the handler has run, the process has tidied up by then.
            time.sleep(_TIDY_SECONDS)
            unfinished.remove_all()
            return
