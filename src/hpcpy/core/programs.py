"""Programs: the one way in which they are started, waited for and ended.

Each has a process group. At a signal, in whatever thread it was started, and after a time limit
it gets SIGTERM, with all that it has started, and ten seconds later SIGKILL. Who called it goes
on when none of them runs any more: a scratch folder is removed after its last writer.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hpcpy_common.errors import HpcpyError, UnavailableError

GRACE = 10.0
NOT_STARTED = 127  # a shell's exit code
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPED = tuple(128 + number for number in _ENDS)  # exit codes of what a signal has ended
Done = subprocess.CompletedProcess[str]
# The first process of a group. The end of its input means that this process has gone, a line
# that the program has ended. Without it, a build that was killed left 25 compilers running.
_LEADER = 'trap "" HUP INT TERM; read -r done || kill -s KILL 0'
# The group of each program that runs, in all threads, and its process; 0 before it has started.
_running: dict[int, int] = {}
# No Event: the handler of a signal may interrupt the thread that holds its lock.
_is_stopped = False
Process = tuple[int, str]  # Its number, and when it was started: numbers are used again
_asked: set[Process] = set()  # to end
# Whether the main thread starts something just now, and the signal that has come meanwhile.
_is_starting = False
_pending = 0


class StoppedError(HpcpyError):
    """A signal to this process has stopped a program."""

    exit_code = 130


def end_on_signals() -> None:
    """Have SIGINT, SIGTERM and SIGHUP, unless ignored (nohup), end all programs and this."""
    for number in _ENDS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _: object) -> None:
    if _is_stopped:
        # A clean-up must not be cut off: what it waits for ends at once.
        _send(signal.SIGKILL, _processes_of(_running.items()))
        return
    stop_all()
    if _is_starting:
        global _pending  # noqa: PLW0603
        _pending = number
    else:
        _raise(number)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Have a signal raise after the block, so that nothing is started and forgotten in it."""
    global _is_starting, _pending  # noqa: PLW0603
    # Signals are the main thread's alone; another one that wrote what it has read of the flag
    # some time ago would have them wait for ever.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _is_starting = True
    try:
        yield
    finally:
        _is_starting = False
    if _pending:
        # Once: programs of the clean-up start, too.
        number, _pending = _pending, 0
        _raise(number)


def stop_all() -> None:
    """End the programs of all threads, which wait for that; no stage begins another one."""
    global _is_stopped  # noqa: PLW0603
    if _is_stopped:
        return
    _is_stopped = True
    _ask_to_end(_running.items())
    _thread.start_new_thread(_kill_later, ())


def _ask_to_end(running: Iterable[tuple[int, int]]) -> None:
    processes: set[Process] = set()
    # Stopped, they start no others, which a parent's end would hide.
    while more := _processes_of(running) - processes:
        _send(signal.SIGSTOP, more)
        processes |= more
    _asked.update(processes)
    for number in (signal.SIGTERM, signal.SIGCONT):
        _send(number, processes)


def _kill_later() -> None:
    time.sleep(GRACE)
    _send(signal.SIGKILL, _processes_of((), [*_asked]))


def end_if_stopped() -> None:
    """Let a thread end that is about to start a program, or waits for something else."""
    if _is_stopped:
        raise StoppedError("stopped")


def run(command: Sequence[str | Path], *, seconds: float | None = None, **options: Any) -> Done:
    """Run a program to its end, by default without input; `options` are those of Popen."""
    # With process_group=None it stays in this process's group: its user can answer it in the
    # terminal, and Ctrl-C and Ctrl-Z reach both.
    words, is_clean_up, is_well = [str(word) for word in command], _is_stopped, False
    options.setdefault("stdin", subprocess.DEVNULL)
    leader = subprocess.Popen(["/bin/sh", "-c", _LEADER], stdin=subprocess.PIPE, process_group=0)
    group = leader.pid
    options.setdefault("process_group", group)
    _running[group] = 0
    try:
        with signals_wait():
            process: subprocess.Popen[str] = subprocess.Popen(
                words, encoding="utf-8", errors="surrogateescape", **options
            )
            _running[group] = process.pid
        if _is_stopped and not is_clean_up:  # since it was about to start
            _ask_to_end([(group, process.pid)])
        stdout, stderr = process.communicate(timeout=seconds)
        if _is_stopped and not is_clean_up:
            raise StoppedError(f"{words[0]} was stopped")  # noqa: TRY301
        is_well = process.returncode == 0
        return Done(words, process.returncode, stdout or "", stderr or "")
    except BaseException:
        _end(group, _running[group])
        raise
    finally:
        del _running[group]
        # What a failed program has left behind is killed with its group.
        leader.communicate(b"done\n" if is_well else b"")


def captured(command: Sequence[str | Path], **options: Any) -> Done:
    """Run a program without input; its code is 127, with a reason, if it does not start or end."""
    try:
        return run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    except subprocess.TimeoutExpired as error:
        why = f"no answer in {error.timeout} s"
    except OSError as error:
        why = f"{command[0]}: {error.strerror}"
    return Done([*map(str, command)], NOT_STARTED, "", why)


def printed(
    command: Sequence[str | Path],
    name: object,
    *,
    error: type[HpcpyError] = UnavailableError,
    hint: str = "",
    **options: Any,
) -> str:
    """Return what a program prints (`captured`); if it fails, why is the error of `name`."""
    done = captured(command, **options)
    if done.returncode:
        why = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise error(f"{name}: {why}", hint=hint)
    return done.stdout


def _end(group: int, first: int) -> None:
    """End what runs of a program: SIGTERM, unless it is asked to end already, then SIGKILL."""
    running = [(group, first)]
    # A copy: another thread may add its own meanwhile.
    if not any(process == first for process, _ in [*_asked]):
        _ask_to_end(running)
    left = _processes_of(running, [*_asked])
    for number in (None, signal.SIGKILL):
        end = time.monotonic() + GRACE
        while left and time.monotonic() < end:
            if number:
                _send(number, left)
            time.sleep(0.02)
            # What has left the group, and has no parent there any more, is known from before.
            left = _processes_of(running, left)


def _processes_of(
    running: Iterable[tuple[int, int]], before: Iterable[Process] = ()
) -> set[Process]:
    """Return the processes of some groups and those below their programs, and living others."""
    parents, groups, started = {}, {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, group, *fields = file.read_text().rpartition(")")[2].split()
            if state not in "ZX":
                number = int(file.parent.name)
                parents[number], groups[number] = int(parent), int(group)
                started[number] = fields[16]
    asked = list(running)
    wanted = {group for group, _ in asked}
    members = {number for number, group in groups.items() if group in wanted}
    below = members | {first for _, first in asked if first} & {*parents}
    while more := {number for number, parent in parents.items() if parent in below} - below:
        below |= more
    alive = {(number, start) for number, start in started.items() if number in below - wanted}
    return alive | {process for process in before if started.get(process[0]) == process[1]}


def _send(number: signal.Signals, processes: Iterable[Process]) -> None:
    for process, _ in processes:
        with contextlib.suppress(OSError):  # it has just ended, or is another user's
            os.kill(process, number)
