"""One policy for Ctrl-C, SIGTERM and SIGHUP: the first asks to stop, a second ends the process.

The first raises KeyboardInterrupt or SystemExit between any two instructions of the main
thread. In a lock's own code another exception may take its place, and in a destructor it
is dropped: whatever comes up after it is that stop.

A second one, or three seconds, end the process by `os._exit`, in a thread of its own: the
main thread may compute in C for an hour, wait in MPI for a rank that has gone, or for a lock
that nobody gives back. C that holds the GIL keeps the thread from that.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hpcpy_common import ranks
from hpcpy_common.cleanup import clean_up

SECONDS = 3.0
# One Ctrl-C comes several times: from the terminal, from Slurm and from the container's
# engine; `hpcpy_job on_dask` passes it on a second later.
_SAME_SECONDS = 1.5
# Less than what the other ranks wait before they abort this one (bench/command.py).
_TIDY_SECONDS = 0.5
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop:
    """The handler of these signals."""

    command = "workloads"
    number = 0
    is_printer = True

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self.number:
            return
        self.number = number
        # MPI_Finalize comes after Python's end, when no thread runs: the kernel ends it.
        # On a busy machine a thread that still runs comes two seconds late at most.
        signal.alarm(int(SECONDS) + 2)
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


def handle(handler: Any, numbers: Sequence[int] = _NUMBERS) -> None:
    """Set the handler of signals; those that are ignored stay so.

    A shell starts a background job with SIGINT ignored, nohup a program with SIGHUP.
    """
    for number in numbers:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def exit_when_stopped() -> None:
    """Have all but Ctrl-C raise SystemExit, so that what was started ends with this process."""
    handle(lambda number, _: sys.exit(128 + number), _NUMBERS[1:])


def listen(command: str) -> None:
    """Have the policy hold in this process; `command` is what a line says was stopped."""
    _stop.command = command
    handle(_stop)
    # multiprocessing's tracker would report the semaphores that it removes.
    sys.warnoptions.append("ignore:resource_tracker")
    sys.unraisablehook = lambda args: asked() or sys.__unraisablehook__(args)
    threading.excepthook = lambda args: asked() or threading.__excepthook__(args)
    _stop.is_printer = ranks.is_first()
    # The interpreter writes a signal's number to the pipe when it comes, not when its handler
    # runs. A forked child has the pipe, and not the thread: its signals are no stop of this one.
    read, write = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))
    with contextlib.suppress(RuntimeError):  # a limit of processes counts threads, too
        threading.Thread(target=_watch, args=(read,), daemon=True).start()


def _watch(read: int) -> None:
    # The kernel is to give them to the main thread, which may wait in a call or block SIGINT.
    signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    while not (number := _next(read)):
        pass
    since = time.monotonic()
    time.sleep(_TIDY_SECONDS)
    clean_up()
    # Another rank may abort this one before its end.
    _print_line()
    while (left := since + SECONDS - time.monotonic()) > 0:
        is_second = select.select([read], [], [], left)[0] and _next(read)
        if is_second and time.monotonic() - since > _SAME_SECONDS:
            break
    _end(number)


def _next(read: int) -> int:
    """Wait for a signal; return its number, or 0 of one that asks for no stop."""
    return next((number for number in os.read(read, 64) if number in _NUMBERS), 0)


def _end(number: int) -> NoReturn:
    signal.alarm(0)
    _stop.number = number
    os._exit(stopped())


def stopped() -> int:
    """Say once, on the first rank, that this process was stopped; return its exit code.

    Processes that it has started, and that have not ended, are killed.
    """
    # Otherwise another thread might be cut off in the middle of removing a folder.
    clean_up()
    for process in _processes_below(os.getpid()):
        with contextlib.suppress(OSError):
            # multiprocessing's tracker removes semaphores when this process has ended.
            if b"resource_tracker" not in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)
    _print_line()
    return 128 + _stop.number


def _print_line() -> None:
    if sys.stderr and _stop.is_printer:
        _stop.is_printer = False
        with contextlib.suppress(OSError):
            # Not by `print`: the main thread may hold the lock of standard error.
            os.write(2, f"{_stop.command}: stopped\n".encode())


def _processes_below(process: int) -> list[int]:
    processes = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, file.read_text().split()):
                processes += [child, *_processes_below(child)]
    return processes


@contextlib.contextmanager
def sigint_blocked() -> Iterator[None]:
    """Block SIGINT in this thread, and in all processes and threads that it starts meanwhile.

    They inherit that: the terminal's Ctrl-C is for this process alone.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def kill_when_closed(pipe: int, who: int) -> None:
    """Have the kernel kill a process, or with a negative number its group, at a pipe's end.

    fcntl(2), F_SETSIG: some process must keep the pipe's other end open, and `who` this one.
    """
    fcntl.fcntl(pipe, fcntl.F_SETOWN, who)
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    # The kernel tells of no end that has come before.
    poll = select.poll()
    poll.register(pipe, 0)
    if poll.poll(0):
        os.kill(who, signal.SIGKILL)
