"""Commands as process groups, which all end when one fails, at Ctrl-C or with this process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from hpcpy.core.errors import HpcpyError

# The groups of all threads: a signal reaches the main one alone.
_running: set[int] = set()
_stopping = threading.Event()
# The first process of a group.  The end of its input means that this process has gone, a line
# that the command has ended.
_LEADER = 'trap "" INT TERM; read -r done || kill -s KILL 0'


class StoppedError(HpcpyError):
    """A command was stopped by Ctrl-C."""


def stop_running() -> None:
    """Ask the commands of all stages to end, now and from now on."""
    _stopping.set()
    for group in list(_running):
        _terminate(group)


def end_if_stopped() -> None:
    """Let a thread end that waits for something else than a command."""
    if _stopping.is_set():
        raise StoppedError("stopped")


def _terminate(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)


def run_group(
    argv: list[str], env: Mapping[str, str], cwd: Path | None, stdin: bytes | None, log: int
) -> int:
    """Run a command, and return its exit code; negative, the signal that ended it."""
    # A group of its own: at Ctrl-C the whole tree below (make, cc1, fuse
    # mounts) is told once and waited for, so that nothing goes on writing.
    group: int | None = None
    with contextlib.ExitStack() as stack:
        try:
            with _held_back():
                group = stack.enter_context(_leader())
                process = stack.enter_context(
                    subprocess.Popen(
                        argv,
                        env=dict(env),
                        cwd=cwd,
                        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        process_group=group,
                    )
                )
                _running.add(group)
                stack.callback(_running.discard, group)
            # `stop_running` may have gone through the groups just before this one was added.
            if _stopping.is_set():
                _terminate(group)
            process.communicate(stdin)
        except BaseException:
            if group is not None:
                _terminate(group)
            raise
        if _stopping.is_set():
            raise StoppedError(f"{argv[0]} was stopped")
        return process.returncode


@contextlib.contextmanager
def _leader() -> Iterator[int]:
    """Give a new process group, which is killed when this process is.

    A build that was killed left its compilers running: 25 of them made a load of 46.
    """
    command = ["sh", "-c", _LEADER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) as leader:
        try:
            yield leader.pid
        finally:
            leader.communicate(b"done\n")


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    # A signal between a program's start and Popen's return would leave the program
    # running.  It is held back, and raised at the end.
    came: list[int] = []
    kept = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            # One that is ignored is so for the program, too.
            if callable(handler := signal.getsignal(number)):
                kept[number] = handler
                signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    for one in came:
        signal.raise_signal(one)
