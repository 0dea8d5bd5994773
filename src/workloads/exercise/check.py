"""A student's file, checked in processes that a time limit ends."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from workloads.errors import UnavailableError, UsageError, WorkloadError
from workloads.exercise.registry import Exercise


def check_file(file: Path) -> None:
    """Refuse a file that Python cannot read, or cannot import by its name.

    Raises
    ------
    UsageError
        For a file that is absent, is not Python, or has a name that `check_name` refuses.
    """
    try:
        ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}") from error
    except ValueError as error:  # before Python 3.12 a null byte is no SyntaxError
        raise UsageError(f"{file}: {error}") from error
    check_name(file)


def check_name(file: Path) -> None:
    """Refuse a file that Python cannot import by its name.

    Raises
    ------
    UsageError
        For a name that is no module's, or another module's.
    """
    name = file.stem
    if file.suffix != ".py" or not name.isidentifier():
        raise UsageError(f"{file}: Python cannot import that", hint="name it my.py, for example")
    if importlib.util.find_spec(name) is not None and not _is(name, file):
        raise UsageError(f"{file}: hides Python's own module {name}", hint="rename it")


def _is(name: str, file: Path) -> bool:
    # `python -m` searches the working directory, where the file itself may be.
    spec = importlib.util.find_spec(name)
    return bool(spec and spec.origin and Path(spec.origin).resolve() == file.resolve())


def check(name: str, exercise: Exercise, file: Path, seconds: float) -> None:
    """Run a student's file with each number of ranks, and judge what it computes.

    Parameters
    ----------
    name, exercise
        The exercise.
    file
        The student's file.
    seconds
        How long each run may take.

    Raises
    ------
    WorkloadError
        For a wrong answer, an exception, or no answer in time.
    UsageError
        When the file lacks the function.
    UnavailableError
        Without mpiexec.
    """
    if exercise.ranks and shutil.which("mpiexec") is None:
        raise UnavailableError("no mpiexec on PATH")
    for size in exercise.ranks or (0,):
        launcher = ["mpiexec", "-n", str(size)] if size else []
        on = f" on {size} rank{'s' if size > 1 else ''}" if size else ""
        with tempfile.TemporaryDirectory(prefix="hpcpy-exercise-") as folder:
            trial = [sys.executable, "-m", "workloads.exercise.trial", name, str(file.resolve())]
            code, last = _run([*launcher, *trial, folder], seconds)
            verdicts = [json.loads(each.read_text("utf-8")) for each in Path(folder).glob("*.json")]
        wrong = next((each for each in verdicts if each["code"]), None)
        if wrong is not None:
            error = UsageError if wrong["code"] == UsageError.exit_code else WorkloadError
            raise error(f"{name}{on}: {wrong['said']}")
        if code is None:
            limit = f"{name}{on}: no answer within {seconds:g} s"
            raise WorkloadError(limit, hint="an endless loop? --seconds N allows more")
        if len(verdicts) != max(size, 1):
            raise WorkloadError(f"{name}{on}: ended with {code}: {last}")


def _run(words: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """Return the exit code, or None when time was up, and the last line of stderr."""
    with tempfile.TemporaryFile() as said, _started(words, said.fileno()) as process:
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        said.seek(0)
        lines = said.read().decode(errors="replace").split("\n")
        return code, next((line for line in reversed(lines) if line.strip()), "")


@contextlib.contextmanager
def _started(words: Sequence[str], errors: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process in a process group of its own; kill the whole group at the end."""
    process: subprocess.Popen[bytes] | None = None
    try:
        process = subprocess.Popen(
            words,
            # Otherwise a file that is changed within a second could run its old bytecode.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        yield process
    finally:
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    # Killed: its helper then ends the ranks. On SIGTERM mpiexec would print a page.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
