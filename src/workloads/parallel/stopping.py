"""One policy for Ctrl-C and SIGTERM: what comes up after the first is that stop.

Python raises a signal's exception between any two instructions.  Within a lock's or
a queue's own code another exception may take its place; in a destructor, or in a
weak reference's callback, as importlib has them, it is printed and dropped.

Python handles a signal between two of its instructions.  A rank that waits in
MPI for a dead one never reaches the next, or it reaches its end and then waits in
MPI_Finalize: Slurm gives either half a minute before it kills it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from workloads.parallel import unfinished

SECONDS = 3
# Less than what the other ranks wait before they abort this one (command.py).
_TIDY_SECONDS = 0.5
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class _Stop:
    """The handler of both signals."""

    number = 0
    seconds = SECONDS
    is_rank = False
    until = 0.0

    def __call__(self, number: int, _: FrameType | None) -> None:
        if time.monotonic() < self.until:
            return
        self.until = time.monotonic() + self.seconds
        if not self.number:
            self.number = number
            if self.is_rank:
                signal.alarm(self.seconds)
            # concurrent.futures, asyncio and Dask log what the stop makes fail.
            if logging := sys.modules.get("logging"):
                logging.disable()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)


_stop = _Stop()


def asked() -> int:
    """Return the number of the signal that has asked this process to stop, or 0."""
    return _stop.number


def listen() -> None:
    """Have SIGINT and SIGTERM stop this process, and nothing be printed of how it ends.

    The first one raises KeyboardInterrupt or SystemExit, so that the process can tidy
    up; further ones do nothing for three seconds.  One Ctrl-C comes several times: Slurm
    sends it to all processes and the container engine to its child, and SIGTERM follows
    when the first rank has ended.
    """
    for number in _NUMBERS:
        # A shell starts a background job with SIGINT ignored: that stays so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _ignored
    threading.excepthook = _failed


def stop_within(seconds: int = SECONDS) -> None:
    """Do what `listen` does, and have SIGALRM end this rank some seconds after the signal.

    Parameters
    ----------
    seconds
        From the first signal to SIGALRM.
    """
    _stop.seconds, _stop.is_rank = seconds, True
    listen()
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


def _watch(read: int, seconds: int) -> None:
    while numbers := os.read(read, 64):
        if set(_NUMBERS).intersection(numbers):
            signal.alarm(seconds)
            # If the handler has run, the process has tidied up by then.
            time.sleep(_TIDY_SECONDS)
            unfinished.remove_all()
            return


def _failed(failure: Any) -> None:
    """Take the place of `threading.excepthook`."""
    if not _stop.number:
        threading.__excepthook__(failure)


def _ignored(dropped: Any) -> None:
    """Take the place of `sys.unraisablehook`: raise a stop that was dropped once more."""
    if not _stop.number:
        sys.__unraisablehook__(dropped)
    elif issubclass(dropped.exc_type, (KeyboardInterrupt, SystemExit)):
        # At the end of the interpreter no thread starts any more.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=_send_after, args=(sys._getframe(),)).start()


def _send_after(hook: FrameType) -> None:
    # Raised in the hook it would be dropped once more.
    while _is_in(hook):
        time.sleep(0.01)
    _stop.until = 0.0
    os.kill(os.getpid(), _stop.number)


def _is_in(hook: FrameType) -> bool:
    """Tell whether the main thread is still in the call with this frame."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame is not hook:
        frame = frame.f_back
    return frame is hook
