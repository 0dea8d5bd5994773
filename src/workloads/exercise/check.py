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
from pathlib import Path

from workloads.errors import UnavailableError, UsageError, WorkloadError
from workloads.exercise.definition import Exercise


def check_name(file: Path) -> None:
    """Refuse a file that Python cannot import by its name, or that hides another module."""
    name = file.stem
    if file.suffix != ".py" or not name.isidentifier():
        raise UsageError(f"{file}: Python cannot import that", hint="name it my.py, for example")
    spec = importlib.util.find_spec(name)
    # `python -m` searches the working directory, where the file itself may be.
    if spec and not (spec.origin and Path(spec.origin).resolve() == file.resolve()):
        raise UsageError(f"{file}: hides Python's own module {name}", hint="rename it")


def check_needs(exercise: Exercise) -> None:
    """Refuse an exercise that cannot be checked here: without a module, without mpiexec."""
    for module in exercise.needs:
        if importlib.util.find_spec(module) is None:
            raise UnavailableError(f"cannot run here: Python has no module {module!r}")
    if exercise.ranks and shutil.which("mpiexec") is None:
        hint = "the image has one: apptainer exec hpcpy.sif python -m workloads exercise ..."
        raise UnavailableError("no mpiexec on PATH", hint=hint)


def check(name: str, exercise: Exercise, file: Path, seconds: float, *, quiet: bool) -> None:
    """Run a student's file on each number of ranks, `seconds` at most; raise what is wrong."""
    try:
        ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}") from error
    check_name(file)
    for size in exercise.ranks or (0,):
        _run(name, file, size, seconds, quiet=quiet)


def _run(name: str, file: Path, size: int, seconds: float, *, quiet: bool) -> None:
    """Raise what is wrong on `size` ranks; 0 is a plain process."""
    launcher = ["mpiexec", "-n", str(size)] if size else []
    on = f"on {size} rank{'s' if size > 1 else ''}: " if size else ""
    with tempfile.TemporaryDirectory(prefix="hpcpy-", ignore_cleanup_errors=True) as folder:
        trial = [sys.executable, "-m", "workloads.exercise.trial", name, str(file.resolve())]
        code, last = _wait([*launcher, *trial, folder], folder, seconds, quiet=quiet)
        files = sorted(Path(folder).glob("*.verdict"))
        verdicts = [json.loads(each.read_text("utf-8")) for each in files]
    for verdict in verdicts:
        if verdict["code"]:
            error = UsageError if verdict["code"] == UsageError.exit_code else WorkloadError
            raise error(on + verdict["message"])
    if code is None:
        hint = "an endless loop? --seconds N allows more"
        raise WorkloadError(f"{on}no answer within {seconds:g} s", hint=hint)
    if len(verdicts) != max(size, 1):
        raise WorkloadError(f"{on}ended with {code}: {last}")


def _wait(words: list[str], folder: str, seconds: float, *, quiet: bool) -> tuple[int | None, str]:
    """Return the exit code, or None when time was up, and the last line of stderr."""
    # Otherwise a file that is changed within a second could run its old bytecode.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": folder}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # Killed: its helper then ends the ranks. On SIGTERM mpiexec would print a page.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        errors.seek(0)
        lines = errors.read().decode(errors="replace").split("\n")
        return code, next((line for line in reversed(lines) if line.strip()), "")
