"""One check in a process of its own: ``python -m workloads.exercise.trial NAME FILE FOLDER``.

Each rank leaves its verdict in the folder, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
import traceback
from pathlib import Path
from types import ModuleType

from hpcpy_common import ranks
from hpcpy_common.errors import UsageError, WorkloadError
from workloads.exercise.tasks import task


def main(name: str, file: Path, folder: Path) -> None:
    """Leave the verdict of this rank; one that is wrong waits to be ended with all others."""
    exercise = task(name).EXERCISE
    comm = ranks.world() if exercise.ranks else None
    try:
        message = task(name).judge(_module(file, exercise.function))
        code = 1 if message else 0
    except WorkloadError as error:
        code, message = error.exit_code, str(error)
    # A student's program may raise anything, and may call exit.
    except BaseException as error:
        code, message = 1, _described(error, file)
    sys.stdout.flush()
    # Named when it is whole: the check may end this rank for another's.
    part = folder / f"{comm.rank if comm else 0}.part"
    part.write_text(json.dumps({"code": code, "message": message}), encoding="utf-8")
    part.rename(part.with_suffix(".verdict"))
    if comm and code:
        # The check ends all ranks; if this one left, mpiexec might print a page of its own.
        signal.pause()
    if not comm:
        # Threads or processes that the student's program has left do not hold up the verdict.
        os._exit(code)


def _module(file: Path, function: str) -> ModuleType:
    # Imported by a name that worker processes can import, too: they get this sys.path.
    sys.path.insert(0, str(file.parent))
    module = importlib.import_module(file.stem)
    if not callable(getattr(module, function, None)):
        hint = "--to writes a file with one"
        raise UsageError(f"{file.name} has no function {function}", hint=hint)
    return module


def _described(error: BaseException, file: Path) -> str:
    """Return one line: the line of the student's file, and the error."""
    if isinstance(error, NotImplementedError):
        return f"the hole is not filled: {error}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # The traceback of a worker process is in a text.
    remote = type(error.__cause__).__name__ in {"_RemoteTraceback", "RemoteTraceback"}
    trace = str(error.__cause__) if remote else "".join(traceback.format_tb(error.__traceback__))
    where = re.findall(rf'File "{re.escape(str(file))}", line (\d+)', trace)
    if type(error).__module__.startswith("numba."):
        # Numba names the failed step again and again, then the reason, and later the line.
        where = re.findall(rf"{re.escape(file.name)}\W+(?:line )?(\d+)", str(error))[:1]
        lines = [line for line in lines if not line.startswith("Failed in ")]
        if lines and lines[0].endswith(":"):
            lines[0] = " ".join(lines[:2])
    place = f"{file.name}:{where[-1]}" if where else file.name
    return f"{place}: {type(error).__name__}: {lines[0] if lines else ''}"[:300]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
