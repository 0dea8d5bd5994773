"""The user's program, run as Python itself would."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from pathlib import Path
from types import TracebackType

from workloads.errors import UsageError

_OURS = tuple(str(Path(__file__).parents[1] / name) for name in ("preflight", "traced"))


def require(words: list[str]) -> None:
    """Refuse a program that cannot be run, before anything else is done.

    Parameters
    ----------
    words
        ``-m MODULE ARGUMENT …`` or ``SCRIPT ARGUMENT …``.

    Raises
    ------
    UsageError
        Without a program, or when none has that name.
    """
    if not words or words == ["-m"]:
        raise UsageError("no program is named", hint="give a SCRIPT, or -m MODULE")
    if words[0] != "-m":
        # Before Python 3.12 a Path raises an error for a name that is too long.
        if not os.path.exists(words[0]):  # noqa: PTH110
            raise UsageError(f"{words[0]}: there is no such script")
    elif not _is_there(words[1]):
        raise UsageError(f"there is no module {words[1]!r} to run")


def _is_there(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError):
        return False
    return spec is not None


def run(words: list[str]) -> None:
    """Run a program in this process as ``__main__``.

    Parameters
    ----------
    words
        As `require` takes them. The program's ``sys.argv`` has them, without ``-m``.
    """
    sys.excepthook = _without_ours
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = words
    if not sys.flags.safe_path:
        # It replaces the working directory, which `-m` has put there.
        sys.path[0] = os.path.dirname(os.path.realpath(words[0]))  # noqa: PTH120
    runpy.run_path(words[0], run_name="__main__")


def _without_ours(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print a traceback without the frames before the program's."""
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS) or file in ("<frozen runpy>", runpy.__file__)
