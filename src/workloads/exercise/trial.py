"""One check in a process of its own: ``python -m workloads.exercise.trial NAME FILE FOLDER``.

Each rank leaves its verdict in the folder, as JSON.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workloads.errors import UsageError, WorkloadError
from workloads.exercise.registry import EXERCISES

_COLOURS = re.compile(r"\x1b\[\d*m")


def main(name: str, file: Path, folder: Path) -> int:
    """Judge a student's file, and leave the verdict in `folder`.

    With several ranks, a verdict other than right ends all of them.

    Parameters
    ----------
    name
        The exercise.
    file
        The student's file, absolute.
    folder
        For the verdict of each rank.

    Returns
    -------
    int
        0 for a right answer, 1 for a wrong one or an exception; the code of a
        `WorkloadError` where the check itself fails.
    """
    exercise = EXERCISES[name]
    comm = None
    if exercise.ranks:
        from workloads.parallel import ranks  # noqa: PLC0415

        comm = ranks.world()
    rank = comm.rank if comm is not None else 0
    try:
        module, judge = exercise.judge
        judged = getattr(importlib.import_module(module), judge)
        said = judged(_function(file, exercise.function), comm)
        verdict = (1 if said else 0, said)
    except WorkloadError as error:
        verdict = (error.exit_code, str(error))
    # A student's program may raise anything, and may call exit.
    except BaseException as error:
        verdict = (1, _told(error, file))
        if not isinstance(error, (Exception, SystemExit)):
            raise
    _leave(folder / f"{rank}.json", *verdict)
    if comm is not None and verdict[0]:
        comm.Abort(1)
    return verdict[0]


def _function(file: Path, name: str) -> Callable[..., Any]:
    # Imported by a name that worker processes can import, too: they get this sys.path.
    sys.path.insert(0, str(file.parent))
    found = getattr(importlib.import_module(file.stem), name, None)
    if not callable(found):
        raise UsageError(f"{file.name} has no function {name}", hint="--to writes a file with one")
    return found  # type: ignore[no-any-return]


def _told(error: BaseException, file: Path) -> str:
    if isinstance(error, NotImplementedError):
        return f"the hole is not filled: {error}"
    where = [
        each.lineno
        for each in traceback.extract_tb(error.__traceback__)
        if each.filename == str(file)
    ]
    lines = [line.strip() for line in _COLOURS.sub("", str(error)).splitlines() if line.strip()]
    if type(error).__module__.startswith("numba."):
        # Numba names the failed step again and again, then the reason, and later the line.
        found = re.findall(rf"{re.escape(file.name)}\W+(?:line )?(\d+)", "\n".join(lines))
        where = [int(line) for line in found[:1]]
        lines = [line for line in lines if not line.startswith("Failed in ")]
        if lines and lines[0].endswith(":"):
            lines[0] = " ".join(lines[:2])
    place = f"{file.name}:{where[-1]}" if where else file.name
    return f"{place}: {type(error).__name__}: {lines[0] if lines else ''}"[:300]


def _leave(path: Path, code: int, said: str) -> None:
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps({"code": code, "said": said}), encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    _code = main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.flush()
    if EXERCISES[sys.argv[1]].ranks:
        sys.exit(_code)
    # Threads or processes that the student's program has left do not hold up the verdict.
    os._exit(_code)
