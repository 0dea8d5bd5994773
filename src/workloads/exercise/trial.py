"""One check in a process of its own: ``python -m workloads.exercise.trial NAME FILE FOLDER``.

Each rank leaves its verdict in the folder, as JSON. It is sealed by the check's key, which is gone
before the student's code begins: that cannot write a verdict, nor leave changed what judges it,
NumPy's functions and Python's own included. It can take the seal from this process's frames or
memory, and change what lies deeper: this is not defended against, as the judge must watch in one
process what the code calls.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
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
from workloads.exercise import halos, judging
from workloads.exercise.tasks import task

KEY = "key"
# The ending of a rank's note that it has begun with part 2.
SECOND = ".second"
STILL_OPEN = "part 2 is still a hole"
# What a program may write into one file, or print: an endless loop does not fill the disk.
MOST_WRITTEN = 1 << 28
TOO_LONG = f"the program has written or printed more than {MOST_WRITTEN >> 20} MiB"
MODULE = "students_answer"
# What judges call, beside their own: a student's code may use it, and not change it.
_LIBRARIES = {"builtins", "math", "numpy"}


def main(name: str, file: Path, folder: Path) -> None:
    """Leave the verdict of this rank; one that is wrong waits to be ended with all others."""
    module = task(name)
    exercise, judge = module.EXERCISE, module.judge
    comm = ranks.world() if exercise.ranks else None
    # All that makes the verdict is bound here, and of no type that Python code can change.
    rank, dumps = comm.rank if comm else 0, json.dumps
    seal = hashlib.blake2b(key=ranks.by_first(lambda: _taken(folder / KEY)))
    if "numpy" in exercise.needs:
        importlib.import_module("numpy")
    libraries = [each for name, each in sys.modules.items() if name.split(".")[0] in _LIBRARIES]
    judges = [(vars(each), vars(each).copy()) for each in (module, judging, halos, *libraries)]
    try:
        answer = _module(file, folder, exercise.function)
        message = judge(answer)
        if not message and exercise.second:
            (folder / f"{rank}{SECOND}").touch()
            message = _second(module, answer, exercise.second)
        # By no function, which might be one that is changed.
        for names, before in judges:
            for attribute, value in before.items():
                if names.get(attribute) is not value:
                    message = f"{file.name} changes what judges it"
        code = 0 if message in ("", STILL_OPEN) else 1
    except HpcpyError as error:
        code, message = error.exit_code or 1, str(error)
    # A student's program may raise anything, and may call exit.
    except BaseException as error:
        code, message = 1, _described(error, file)
    sys.stdout.flush()
    # Named when it is whole: the check may end this rank for another's.
    part, text = folder / f"{rank}.part", dumps({"rank": rank, "code": code, "message": message})
    seal.update(text.encode())
    part.write_text(f"{seal.hexdigest()}\n{text}", encoding="utf-8")
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
    child = os.fork()
    if not child:
        return
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        # The child has left the core, where one is wanted.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL is always as it is
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


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


def _taken(path: Path) -> bytes:
    """Return a file's bytes, and remove it."""
    content = path.read_bytes()
    path.unlink()
    return content


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
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
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


if __name__ == "__main__":
    if not task(sys.argv[1]).EXERCISE.ranks:
        _go_on_in_child()
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
