"""One line a stage with its time; the log's last lines when it fails."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hpcpy import paths, stage_times
from hpcpy.errors import HpcpyError
from hpcpy.files import disk_errors

TAIL_LINES = 20


class StageError(HpcpyError):
    """A command of a stage failed; its log says why."""


class StageStoppedError(StageError):
    """A command was stopped by Ctrl-C."""


# The commands of all threads: a signal reaches the main one alone.
_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()
# The end of its input tells that its starter has gone; a line, that the group has.
_WATCH = 'read -r done || kill -s KILL -- "-$1"'
# Of the build that is going on; other stages are none of it.
_countdown = stage_times.Countdown({})


def stop_running() -> None:
    """Ask the commands of all stages to end, now and from now on."""
    _stopping.set()
    for process in list(_running):
        _terminate(process)


def end_if_stopped() -> None:
    """Let a thread end that waits for something else than a command.

    Raises
    ------
    StageStoppedError
        When `stop_running` was called.
    """
    if _stopping.is_set():
        raise StageStoppedError("stopped")


def _terminate(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


class Stage:
    """A running stage: where its commands log, and what it says at its end."""

    def __init__(self, title: str, log: Path) -> None:
        self.title = title
        self.log = log
        self.note = ""

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bytes | None = None,
    ) -> None:
        """Run `command` with its output in the stage's log.

        Parameters
        ----------
        command
            Program and arguments.
        env
            Variables added to this process's own.
        cwd
            Working directory; the present one by default.
        stdin
            Bytes for its standard input; empty by default.

        Raises
        ------
        StageError
            When it cannot be started or ends with another code than 0.
        """
        argv = [str(word) for word in command]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(argv)}\n".encode())
            log.flush()
            try:
                code = _run_group(argv, {**os.environ, **(env or {})}, cwd, stdin, log.fileno())
            except OSError as error:
                raise StageError(f"{argv[0]}: {error.strerror}") from error
        if code != 0:
            ended = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise StageError(f"{Path(argv[0]).name} ended with {ended}")


def _run_group(
    argv: list[str], env: Mapping[str, str], cwd: Path | None, stdin: bytes | None, log: int
) -> int:
    # A group of its own: at Ctrl-C the whole tree below (make, cc1, fuse
    # mounts) is told once and waited for, so that nothing writes on.
    process: subprocess.Popen[bytes] | None = None
    with contextlib.ExitStack() as stack:
        try:
            with _held_back():
                process = stack.enter_context(
                    subprocess.Popen(
                        argv,
                        env=dict(env),
                        cwd=cwd,
                        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        process_group=0,
                    )
                )
                _running.add(process)
                stack.callback(_running.discard, process)
            stack.enter_context(_killed_with_us(process.pid))
            # Whoever stops them all may have looked just before.
            if _stopping.is_set():
                _terminate(process)
            process.communicate(stdin)
        except BaseException:
            if process is not None:
                _terminate(process)
            raise
        if _stopping.is_set():
            raise StageStoppedError(f"{argv[0]} was stopped")
        return process.returncode


@contextlib.contextmanager
def _killed_with_us(group: int) -> Iterator[None]:
    """Have a process group killed when this process ends by a signal that it cannot see.

    A build that was killed left its compilers running, and 25 of them a load of 46.
    """
    command = ["sh", "-c", _WATCH, "sh", str(group)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) as watch:
        try:
            yield
        finally:
            watch.communicate(b"done\n")


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    # A signal that comes when a program has been started and Popen has not
    # returned would leave it running.  It is raised at the end.
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


def count_down(countdown: stage_times.Countdown) -> None:
    """Have each stage of `countdown` say at its end how long the others will take."""
    global _countdown  # noqa: PLW0603
    _countdown = countdown


@contextlib.contextmanager
def stage(title: str, *, processor_seconds: float = 0) -> Iterator[Stage]:
    """Print what `title` will take, then its time; on failure the tail and name of its log.

    Parameters
    ----------
    title
        What is done; its last run is known by it.
    processor_seconds
        Of one core: told where no time of an earlier run is known.

    Examples
    --------
    >>> with stage("unpack the base") as current:  # doctest: +SKIP
    ...     current.run(["tar", "-xf", "base.tar"])
    ...     current.note = "115 MB"
    """
    with disk_errors(paths.LOGS):
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        log = paths.LOGS / (re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-") + ".log")
        log.write_bytes(b"")
    current = Stage(title, log)
    _announce(title, processor_seconds)
    terminal = sys.stderr.isatty()
    if terminal:
        print(f"   …     {title}", end="\r", file=sys.stderr, flush=True)
    countdown = _countdown
    countdown.begin(title)
    start = time.monotonic()
    try:
        yield current
    except BaseException as error:
        _print_failure(current, time.monotonic() - start, error)
        raise
    seconds = time.monotonic() - start
    stage_times.remember(title, seconds)
    note = "; ".join(filter(None, (current.note, countdown.end(title))))
    said = f" ({note})" if note else ""
    print(f"{seconds:7.1f} s {title}{said}", file=sys.stderr, flush=True)


def _announce(title: str, processor_seconds: float) -> None:
    seconds = stage_times.expected(title)
    if seconds is None and processor_seconds >= stage_times.SHORT:
        say(f"{title}: {processor_seconds:.0f} s of processor time")
    elif seconds is not None and seconds >= stage_times.SHORT:
        say(f"{title}: about {seconds:.0f} s")


def _print_failure(current: Stage, seconds: float, error: BaseException) -> None:
    stopped = isinstance(error, KeyboardInterrupt | StageStoppedError)
    word = "stopped" if stopped else "FAILED"
    print(f"{seconds:7.1f} s {current.title}: {word}", file=sys.stderr)
    if stopped or not isinstance(error, StageError):
        return
    lines = current.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    for line in lines:
        print(f"        | {line}", file=sys.stderr)
    print(f"        full log: {current.log}", file=sys.stderr, flush=True)


def say(line: str) -> None:
    """Print a line among those of the stages."""
    print(f"          {line}", file=sys.stderr, flush=True)


def skipped(title: str, why: str) -> None:
    """Print that a stage has nothing to do, and why."""
    print(f"      – s {title} ({why})", file=sys.stderr, flush=True)
