"""The user's program, run as Python itself would, by a command on every rank."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from hpcpy_common import ranks
from hpcpy_common.errors import (
    HpcpyError,
    UsageError,
    lossy_stderr,
    lost_output,
    open_streams,
)

_OURS = str(Path(__file__).parent)
_RUNNERS = ("<frozen runpy>", "/runpy.py")
# Seconds that a failed rank has for its end: threads, exit handlers, closing of files.
_END_SECONDS = 3
# A launcher may end before it has passed on what a rank has just said.
_SAID_SECONDS = 0.3


def command(name: str, usage: str, words: list[str], act: Callable[[list[str]], int]) -> int:
    """Run a command of all ranks; return its exit code, or that of --help, --version, an error."""
    if words[:1] in (["-h"], ["--help"], ["--version"]):
        from hpcpy_common import version  # noqa: PLC0415

        open_streams()
        try:
            print(version.line("hpcpy_job") if words[0] == "--version" else usage, flush=True)
        except OSError as error:
            return lost_output(error, lambda line: print(f"{name}: {line}", file=sys.stderr))
        return 0
    with contextlib.redirect_stderr(lossy_stderr()):
        try:
            return act(words)
        except HpcpyError as error:
            if error.agreed:
                ranks.print_once(f"{name}: {error}")
            else:
                print(f"{name}: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            return 128 + signal.SIGINT


def require(words: list[str]) -> None:
    """Refuse a program that cannot be run, before anything else is done."""
    if not words or words == ["-m"]:
        raise UsageError("no program is named", hint="give a SCRIPT, or -m MODULE")
    if words[0] != "-m":
        # Before Python 3.12 a Path raises an error for a name that is too long.
        if not os.path.exists(words[0]):  # noqa: PTH110
            raise UsageError(f"{words[0]}: there is no such script")
        return
    spec = None
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(words[1])
    if spec is None:
        raise UsageError(f"there is no module {words[1]!r} to run")


def run_rank(words: list[str]) -> None:
    """Run a program as ``python -m mpi4py`` does: the failure of a rank ends all ranks.

    mpi4py aborts at the end of Python, which a thread in a call of MPI, or the close of a
    file that all ranks close, may keep from coming: then SIGALRM ends this rank after
    `_END_SECONDS`, and so all.
    """
    # Workloads end all ranks by themselves, once the first has said why.
    is_workload = words[0] == "-m" and words[1].split(".")[0] in ("workloads", "hpcpy_job")
    is_alone = ranks.expected() == 1 or importlib.util.find_spec("mpi4py") is None
    ends_all = not (is_workload or is_alone)
    if ends_all:
        threading.excepthook = _thread_failed
    try:
        run(words)
    except BaseException as error:
        code = 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
        if isinstance(error, SystemExit):
            code = error.code = exit_code(error.code)
        if code and ends_all:
            _end(error, code)
        raise


def _end(error: BaseException, code: int) -> NoReturn:
    """Say why this rank fails, and end it."""
    from mpi4py.run import set_abort_status  # noqa: PLC0415

    set_abort_status(code)
    # By the kernel: what Python waits for may hold its lock, as HDF5 does.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_END_SECONDS)
    if isinstance(error, KeyboardInterrupt):
        raise error
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
    _name_rank(code)
    sys.exit(code)


def _name_rank(code: int) -> None:
    """Say which rank ends: `hpcpy.launch.explain` reads it, as an abort leaves Slurm no code."""
    # It is None where it was closed at the start.
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
    if (comm := ranks.several()) is not None:
        line = f"hpcpy: rank {comm.rank} on {os.uname().nodename}: exit code {code}"
        print(line, file=sys.stderr, flush=True)
        time.sleep(_SAID_SECONDS)


def exit_code(given: object) -> int:
    """Return the exit code that ``sys.exit(given)`` is to have; print what is none.

    The kernel keeps the lower eight bits, and nothing of 256, which is a failure, too.
    """
    if given is None:
        return 0
    if not isinstance(given, int):
        print(given, file=sys.stderr)
        return 1
    code = (given & 0xFF or 1) if given else 0
    if code != given:
        print(f"SystemExit: {given}", file=sys.stderr)
    return code


def _thread_failed(failed: Any) -> None:
    """Print a thread's exception; unless it is a daemon, all ranks end."""
    threading.__excepthook__(failed)
    is_daemon = failed.thread is not None and failed.thread.daemon
    if not is_daemon and failed.exc_type is not SystemExit:
        _name_rank(1)
        if (comm := ranks.several()) is not None:
            comm.Abort(1)


def folder(words: list[str]) -> str:
    """Return the folder of a script, which is first in its `sys.path`; empty of what has none."""
    if words[0] == "-m" or sys.flags.safe_path:
        return ""
    return os.path.dirname(os.path.realpath(words[0]))  # noqa: PTH120


def run(words: list[str]) -> None:
    """Run a program in this process as ``__main__``."""
    sys.excepthook = _without_ours
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = words
    if own := folder(words):
        # It replaces the working directory, which `-m` has put there.
        sys.path[0] = own
    runpy.run_path(words[0], run_name="__main__")


def _without_ours(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print a traceback without the frames before the program's."""
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS) or file.endswith(_RUNNERS)


if __name__ == "__main__":
    run_rank(sys.argv[1:])
