"""A student's file, checked in processes that a time limit ends."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from hpcpy_common.errors import HpcpyError, UnavailableError, UsageError, require_module
from hpcpy_common.programs import ended, running
from workloads.exercise import leftovers
from workloads.exercise.answers import printable
from workloads.exercise.tasks import Exercise
from workloads.exercise.trial import MODULE, MOST_WRITTEN, SECOND, TOO_LONG

# A line of a notebook that is IPython's, or a shell's: %timeit, t = %timeit -o, !ls, help?, a whole
# cell of %%bash.
_MAGIC = re.compile(
    r"^( *)(?:%%(?!time|capture|prun)\w[\s\S]*|%{1,2}[a-zA-Z].*|![^=\n].*"
    r"|[^#=\n]*= *[%!][a-zA-Z].*|[\w.]+\?{1,2} *$)",
    re.MULTILINE,
)
_LOOK_SECONDS = 0.02
_MOST_BYTES = 1 << 20
# More than what the exercises' programs and their verdicts take on the disk.
_ROOM = 4 << 20
# For a rank that has its verdict to end, and to have printed what it does.
_END_SECONDS = 2.0


def check_name(file: Path) -> None:
    """Refuse a new file that is none of Python, or would hide one of Python's own modules."""
    if file.suffix != ".py":
        raise UsageError(f"{file}: the name ends not in .py", hint="name it my.py, for example")
    # A name with a dot would be looked for in a package.
    spec = None if "." in file.stem else importlib.util.find_spec(file.stem)
    # `python -m` searches the working directory, too, which is not Python's own.
    if spec and Path(spec.origin or "").resolve().parent != Path.cwd():
        raise UsageError(f"{file}: hides Python's own module {file.stem}", hint="rename it")


def check_needs(exercise: Exercise) -> None:
    """Refuse an exercise that cannot be checked here: without a module, without mpiexec."""
    for module in exercise.needs:
        require_module(module, "cannot run here: ", exercise.elsewhere)
    if exercise.ranks and shutil.which("mpiexec") is None:
        hint = "the image has one: apptainer exec hpcpy.sif python -m workloads exercise ..."
        raise UnavailableError("no mpiexec on PATH", hint=hint)


def check(name: str, exercise: Exercise, file: Path, seconds: float, *, quiet: bool) -> str:
    """Run a student's file on each number of ranks, `seconds` at most; raise what is wrong.

    Return what there is to say of one that is right: that its second part is open.
    """
    program, place = _source(file), file.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix="hpcpy-") as folder:
            if file.suffix == ".ipynb":
                program, place = _code(file, program), Path(folder) / file.name
                place.write_bytes(program)
            _require_python(file, program)
            sizes = exercise.ranks or (0,)
            return max(_run(name, place, size, seconds, quiet=quiet) for size in sizes)
    except OSError as error:
        # This process's own: no room on the disk, or no process more.
        raise UnavailableError(f"cannot run here: {error.strerror or error}") from error


def _require_python(file: Path, program: bytes) -> None:
    try:
        ast.parse(program, str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno or 1}: {error.msg}") from error
    except (MemoryError, RecursionError) as error:
        raise UsageError(f"{file}: Python cannot read an expression so deep") from error


def _source(file: Path) -> bytes:
    """Read a student's file; not a pipe, which may never end, nor another student's by a link."""
    try:
        link, target = file.lstat(), file.stat()
        if not stat.S_ISREG(target.st_mode):
            raise UnavailableError(f"{file}: no file")
        # A notebook has pictures, too.
        if target.st_size > _MOST_BYTES * (64 if file.suffix == ".ipynb" else 1):
            raise UnavailableError(f"{file}: has {target.st_size:,} bytes, too many for an answer")
        if link.st_uid not in (target.st_uid, os.getuid()):
            raise UnavailableError(f"{file}: a link to another user's file")
        return file.read_bytes()
    except PermissionError as error:
        raise UnavailableError(f"{file}: {error.strerror}") from error
    except OSError as error:
        # A link to what has gone tells of no answer whether it is right.
        kind = UnavailableError if file.is_symlink() else UsageError
        why = "a link that leads nowhere" if file.is_symlink() else error.strerror
        raise kind(f"{file}: {why}") from error


def _code(file: Path, notebook: bytes) -> bytes:
    """Return the cells of code of a notebook, one below the other, without what is not Python."""
    try:
        cells = [each for each in json.loads(notebook)["cells"] if each["cell_type"] == "code"]
        texts = ["".join(each["source"]) for each in cells]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise UsageError(f"{file}: is no notebook", hint="save it again, as .ipynb") from error
    program = "\n\n".join(_MAGIC.sub(r"\1pass", text) for text in texts)
    # A cell may begin with one; in a file they come first.
    text, count = re.subn(r"(?m)^from __future__ import .*", "", program)
    return (f"from __future__ import annotations\n{text}" if count else program).encode()


def _run(name: str, file: Path, size: int, seconds: float, *, quiet: bool) -> str:
    """Raise what is wrong on `size` ranks; 0 is a plain process."""
    launcher = ["mpiexec", "-n", str(size)] if size else []
    where = f"on {size} rank{'s' if size > 1 else ''}: " if size else ""
    count = max(size, 1)
    with tempfile.TemporaryDirectory(prefix="hpcpy-", ignore_cleanup_errors=True) as folder:
        words = [sys.executable, "-m", "workloads.exercise.trial", name, str(file)]
        # Worker processes import the file by this name, whatever its own is.
        (Path(folder) / f"{MODULE}.py").symlink_to(file)
        _require_room(folder)
        ending = _wait([*launcher, *words, folder], folder, count, seconds, quiet=quiet)
        verdicts = _verdicts(folder, count)
        if len(verdicts) < count or any(verdict["code"] for verdict in verdicts):
            # A program that found no room, or could not leave its verdict, is not wrong.
            _require_room(folder)
        # Ranks wait in part 2 for each other: one of them may have begun with it alone.
        is_second = len([*Path(folder).glob(f"*{SECOND}")]) == count
    for verdict in verdicts:
        if verdict["code"]:
            error = UsageError if verdict["code"] == UsageError.exit_code else HpcpyError
            raise error(where + printable(verdict["message"]))
    where += "part 2: " if is_second else ""
    if not ending:
        waits = "two ranks may wait for each other" if size > 1 else "the rank may wait for itself"
        hint = f"{f'{waits}; or ' if size else ''}an endless loop? --seconds N allows more"
        raise HpcpyError(f"{where}no answer within {seconds:g} s", hint=hint)
    if len(verdicts) < count:
        raise HpcpyError(f"{where}{ending}")
    return max(str(verdict["message"]) for verdict in verdicts)


def _verdicts(folder: str, count: int) -> list[dict[str, Any]]:
    """Return the verdicts that are there, by rank."""
    files = [Path(folder) / f"{rank}.verdict" for rank in range(count)]
    return [json.loads(file.read_bytes()) for file in files if file.exists()]


def _require_room(folder: str) -> None:
    """Raise the OSError of a disk that is full."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(_ROOM))


def _wait(words: list[str], folder: str, count: int, seconds: float, *, quiet: bool) -> str:
    """Return how the program has ended; "" if the check has ended it: late, or already wrong."""
    no, output = subprocess.DEVNULL, subprocess.DEVNULL if quiet else None
    with tempfile.TemporaryFile() as errors:
        files: dict[str, Any] = {"stdin": no, "stdout": output, "stderr": errors}
        files["env"] = _environment(folder)
        # It is killed: its helper then ends the ranks. On SIGTERM mpiexec would print a page.
        with leftovers.ended(), _limited(), running(words, **files) as process:
            end, is_complete = time.monotonic() + seconds, False
            # The others do not know that a rank is wrong, and may wait for it.
            while (code := process.poll()) is None:
                verdicts = _verdicts(folder, count)
                if any(verdict["code"] for verdict in verdicts):
                    return ""
                if len(verdicts) == count and not is_complete:
                    # A thread that the program has left may hold up its end.
                    end, is_complete = min(end, time.monotonic() + _END_SECONDS), True
                if time.monotonic() > end:
                    return "had its verdict" if is_complete else ""
                time.sleep(_LOOK_SECONDS)
        if code == -signal.SIGXFSZ:
            return TOO_LONG
        line = _last_line(errors)
        return f"the program {ended(code)}{f': {line}' if line else ', and gave no answer'}"


def _environment(folder: str) -> dict[str, str]:
    """Return the variables of a student's program."""
    return {
        **os.environ,
        "TMPDIR": folder,
        # Otherwise a file that is changed within a second could run its old bytecode.
        "PYTHONDONTWRITEBYTECODE": "1",
        # Ranks share what numba keeps, and the student's folder gets no cache.
        "NUMBA_CACHE_DIR": folder,
        # Kernels for a GPU run here without one.
        "NUMBA_ENABLE_CUDASIM": "1",
        # Numba would colour its messages.
        "NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING": "1",
    }


def _last_line(errors: IO[bytes]) -> str:
    """Return the last line that a program has written to stderr; its end is enough for it."""
    errors.seek(0, os.SEEK_END)
    errors.seek(-min(errors.tell(), _MOST_BYTES), os.SEEK_CUR)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return printable(lines[-1]) if lines else ""


@contextmanager
def _limited() -> Iterator[None]:
    """Limit the files of programs that are started in the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = MOST_WRITTEN if soft == resource.RLIM_INFINITY else min(soft, MOST_WRITTEN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
