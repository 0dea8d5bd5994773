"""One line a stage with its time; the log's last lines when it fails."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

from hpcpy.core import paths
from hpcpy.core.files import MIB, disk_errors, more_room
from hpcpy.core.programs import StoppedError, end_if_stopped, run, signals_wait, stop_all
from hpcpy_common.errors import DiskError, HpcpyError
from hpcpy_common.programs import ended

TAIL_LINES = 20


class StageError(HpcpyError):
    """A command of a stage failed; its log says why."""


class StageRoomError(StageError, DiskError):
    """A command of a stage had no room."""


# Programs that only start another one: a message names that one.
_STARTERS = ("env", "unshare")
_NO_ROOM = (os.strerror(errno.ENOSPC).encode(), os.strerror(errno.EDQUOT).encode())


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
        **options: Any,
    ) -> None:
        """Run `command` with its output in the stage's log; `options` are those of Popen."""
        argv = [str(word) for word in command]
        with disk_errors(self.log), self.log.open("ab") as log:
            log.write(f"$ {' '.join(argv)}\n".encode())
            log.flush()
            begin = log.tell()
            try:
                end_if_stopped()
                code = run(
                    argv,
                    env={**os.environ, **(env or {})},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    **options,
                ).returncode
            except OSError as error:
                raise StageError(f"{argv[0]}: {error.strerror}") from error
        if code != 0:
            failed = f"{_program(argv)} {ended(code)}"
            if self._had_no_room(begin):
                message = f"{self.title}: no space left on the device ({failed})"
                # Not tempfile's: it goes elsewhere when TMPDIR is full.
                temporary = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108
                written = (Path(word) for word in argv if word.startswith("/"))
                named = (path for path in written if os.access(path.parent, os.W_OK))
                places = (self.log, paths.cache_dir(), temporary, *named)
                raise StageRoomError(message, hint=more_room(*places))
            raise StageError(failed)

    def _had_no_room(self, begin: int) -> bool:
        with self.log.open("rb") as log:
            log.seek(begin)
            output = log.read()
        # On a full disk the log has not taken the words either.
        free = shutil.disk_usage(self.log.parent).free
        return free < MIB or any(words in output for words in _NO_ROOM)


def _program(argv: Sequence[str]) -> str:
    names = (Path(word).name for word in argv if not word.startswith("-"))
    return next((name for name in names if name not in _STARTERS), argv[0])


@contextlib.contextmanager
def stage(title: str) -> Iterator[Stage]:
    """Print the time that `title` took; on failure the tail and name of its log."""
    folder = paths.writable(paths.LOGS)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / (re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-")[:99] + ".log")
        log.write_bytes(b"")
    current = Stage(title, log)
    terminal = sys.stderr.isatty()
    if terminal:
        print(f"   …     {title}", end="\r", file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        yield current
    except BaseException as error:
        _print_failure(current, time.monotonic() - start, error)
        raise
    seconds = time.monotonic() - start
    note = f" ({current.note})" if current.note else ""
    print(f"{seconds:7.1f} s {title}{note}", file=sys.stderr, flush=True)


def _print_failure(current: Stage, seconds: float, error: BaseException) -> None:
    stopped = isinstance(error, KeyboardInterrupt | StoppedError)
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


T = TypeVar("T")


def in_order(
    items: Sequence[T],
    needs: Callable[[T], Iterable[T]],
    do: Callable[[T], object],
    *,
    at_once: int,
) -> None:
    """Call `do` for each item in a thread, as soon as those it needs are done."""
    # When one fails, those that run are waited for, so that minutes of compiling are kept;
    # at a KeyboardInterrupt all commands are stopped at once.
    order = TopologicalSorter({item: set(needs(item)) & set(items) for item in items})
    order.prepare()
    running: dict[Future[object], T] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while order.is_active():
                for item in sorted(order.get_ready(), key=items.index):
                    # A pool does not wait for a thread in whose start it was interrupted.
                    with signals_wait():
                        running[pool.submit(do, item)] = item
                # A second at most: a signal just before the call would not end it.
                for done in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                    done.result()
                    order.done(running.pop(done))
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):
                stop_all()
            raise
