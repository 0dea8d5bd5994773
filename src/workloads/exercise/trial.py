"""One check in a process of its own: ``python -m workloads.exercise.trial NAME FILE FOLDER``.

Each rank leaves its verdict in the folder, as JSON. The judge watches in one process what the
student's code calls: a student who wants to deceive it can.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
import re
import resource
import signal
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from hpcpy_common import ranks
from hpcpy_common.errors import HpcpyError, UsageError
from workloads.exercise.tasks import task

# The ending of a rank's note that it has begun with part 2.
SECOND = ".second"
STILL_OPEN = "part 2 is still a hole"
# What a program may write into one file, or print: an endless loop does not fill the disk.
MOST_WRITTEN = 1 << 28
TOO_LONG = f"the program has written or printed more than {MOST_WRITTEN >> 20} MiB"
MODULE = "students_answer"


def main(name: str, file: Path, folder: Path) -> None:
    """Leave the verdict of this rank; one that is wrong waits to be ended with all others."""
    module = task(name)
    exercise, judge = module.EXERCISE, module.judge
    comm = ranks.world() if exercise.ranks else None
    rank = comm.rank if comm else 0
    try:
        answer = _module(file, folder, exercise.function)
        message = judge(answer)
        if not message and exercise.second:
            (folder / f"{rank}{SECOND}").touch()
            message = _second(module, answer, exercise.second)
        code = 0 if message in ("", STILL_OPEN) else 1
    except HpcpyError as error:
        code, message = error.exit_code or 1, str(error)
    # A student's program may raise anything, and may call exit.
    except BaseException as error:
        code, message = 1, _described(error, file)
    sys.stdout.flush()
    # Named when it is whole: the check may end this rank for another's.
    part = folder / f"{rank}.part"
    part.write_text(json.dumps({"code": code, "message": message}), encoding="utf-8")
    part.rename(part.with_suffix(".verdict"))
    if comm and code:
        # The check ends all ranks; if this one left, mpiexec might print a page of its own.
        signal.pause()
    if not comm:
        # Threads or processes that the student's program has left do not hold up the verdict.
        os._exit(code)


def _go_on_in_child() -> None:
    """Return in a child: a program that stops or kills its parent has this process, not the check.

    It ends as its child does. Of MPI ranks mpiexec's helper is the parent.
    """
    if not (child := os.fork()):
        return
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        # The child has left the core, where one is wanted.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL is always as it is
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _second(module: Any, answer: ModuleType, function: str) -> str:
    """Judge the second hole, which may be left open."""
    if not hasattr(answer, function):
        return STILL_OPEN
    if not callable(getattr(answer, function)):
        return f"part 2: {function} is no function"
    try:
        wrong = module.judge_second(answer)
    except NotImplementedError:
        return STILL_OPEN
    except HpcpyError as error:
        wrong = str(error)
    return f"part 2: {wrong}" if wrong else ""


def _module(file: Path, folder: Path, function: str) -> ModuleType:
    """Return the student's file as a module, wherever it is, whatever its name."""
    # What it writes beside itself is in the check's folder, not in the teacher's.
    sys.path[:] = map(os.path.abspath, sys.path)
    os.chdir(folder)
    # What it starts finds its own folder, as without a check.
    os.environ.pop("PYTHONSAFEPATH", None)
    # Worker processes get this path, and find the module by its name in the check's folder.
    # Last: nothing that lies beside it hides a module of Python's own.
    sys.path += [str(folder), str(file.parent)]
    loader = SourceFileLoader(MODULE, str(file))
    module = sys.modules[MODULE] = ModuleType(MODULE)
    module.__spec__ = importlib.util.spec_from_loader(MODULE, loader)
    module.__file__ = str(file)
    loader.exec_module(module)
    if not callable(getattr(module, function, None)):
        hint = "--to writes a file with one"
        raise UsageError(f"{file.name} has no function {function}", hint=hint)
    return module


def _described(error: BaseException, file: Path) -> str:
    """Return one line: the line of the student's file, and the error."""
    if isinstance(error, NotImplementedError):
        return f"the hole is not filled: {error}"
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return TOO_LONG
    lines = [_explained(error) or line.strip() for line in str(error).splitlines() if line.strip()]
    # The traceback of a worker process is in a text.
    remote = type(error.__cause__).__name__ in {"_RemoteTraceback", "RemoteTraceback"}
    trace = str(error.__cause__) if remote else "".join(traceback.format_tb(error.__traceback__))
    names = f'(?:{re.escape(str(file))}|[^"]*/{MODULE}.py)'
    where = re.findall(rf'File "{names}", line (\d+)', trace)
    if type(error).__module__.startswith("numba."):
        # Numba names the failed step again and again, then the reason, and later the line.
        where = re.findall(rf"{re.escape(file.name)}\W+(?:line )?(\d+)", str(error))[:1]
        lines = [line for line in lines if not line.startswith("Failed in ")]
        if lines and lines[0].endswith(":"):
            lines[0] = " ".join(lines[:2])
    place = f"{file.name}:{where[-1]}" if where else file.name
    return f"{place}: {type(error).__name__}: {lines[0] if lines else ''}"[:300]


def _explained(error: BaseException) -> str:
    """Return what to do about an error whose own words say it to experts."""
    if re.search(r"Can't (pickle|get) .*(<locals>|<lambda>)", str(error)):
        rule = "no lambda, and none that is defined within another"
        return f"a pool finds a function in its processes by its name: {rule}"
    if type(error).__module__.startswith("mpi4py"):
        from mpi4py import MPI  # noqa: PLC0415

        kind = getattr(error, "Get_error_class", int)()
        if kind == MPI.ERR_RANK:
            return "there is no such rank: at an end the neighbour is MPI.PROC_NULL"
        if kind == MPI.ERR_TRUNCATE:
            return "a message is longer than its buffer: counts are of elements, not rows or bytes"
    return ""


if __name__ == "__main__":
    if not task(sys.argv[1]).EXERCISE.ranks:
        _go_on_in_child()
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
