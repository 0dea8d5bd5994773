"""Pure Python in interpreters that the user names: versions side by side."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from workloads.bench.technique import Technique
from workloads.errors import UsageError, WorkerError
from workloads.pi import definition

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# Prints the version, with a `t` for a free-threaded build, and whether it is one.
_VERSION = """
import sys, sysconfig
free = sysconfig.get_config_var('Py_GIL_DISABLED')
print('%d.%d.%d' % sys.version_info[:3] + sys.abiflags, int(bool(free)))
"""
# Runs after the definition's own text, and stays up, so that no start is timed.
_ANSWERS = """
import sys
from concurrent.futures import ThreadPoolExecutor
pool = None
for line in sys.stdin:
    numbers = [*map(int, line.split())]
    pool = pool or ThreadPoolExecutor(len(numbers) // 2)
    print(sum(pool.map(seeded_hits, numbers[::2], numbers[1::2])), flush=True)
"""
_THREADS = "threads-"
_OLDEST = (3, 7)
_START_SECONDS = 60.0


def named(pythons: Sequence[str]) -> dict[str, str]:
    """Return the interpreters by the names of their rows.

    An interpreter has the row ``python-VERSION``, and ``threads-VERSION`` if it has no GIL.

    Parameters
    ----------
    pythons
        The interpreters' files.

    Raises
    ------
    UsageError
        When one cannot be run, or is no Python.
    """
    found: dict[str, str] = {}
    for python in pythons:
        version, is_free = _version(python)
        same = sum(known.partition("_")[0] == f"python-{version}" for known in found)
        name = f"{version}_{same + 1}" if same else version
        found[f"python-{name}"] = python
        if is_free:
            found[f"{_THREADS}{name}"] = python
    return found


def _version(python: str) -> tuple[str, bool]:
    try:
        asked = subprocess.run(
            [python, "-I", "-c", _VERSION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_SECONDS,
        )
    except OSError as error:
        raise UsageError(f"--python {python}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"--python {python}: says nothing") from error
    words = asked.stdout.split()
    release = re.match(r"(\d+)\.(\d+)\.", asked.stdout)
    is_old = release is None or tuple(map(int, release.groups())) < _OLDEST
    if asked.returncode or len(words) != 2 or is_old:
        raise UsageError(f"--python {python}: is no Python 3.7 or later")
    return words[0], words[1] == "1"


def request(rows: Iterable[str]) -> str:
    """Return ``--impl`` for these rows and the like of this Python, if the user gives none."""
    rows = list(rows)
    are_free = any(row.startswith(_THREADS) for row in rows)
    return ",".join(["python", *(["threads"] if are_free else []), *rows])


def technique(row: str, python: str) -> Technique:
    """Return the registry's entry for a row of another interpreter.

    Parameters
    ----------
    row
        Its name, as `named` makes it.
    python
        The interpreter's file.
    """
    # This module's `count` is called, not that module's `compute`.
    module = "workloads.pi.techniques.python"
    if not row.startswith(_THREADS):
        return Technique(module, f"pure Python by {python}")
    one = row.replace(_THREADS, "python-", 1)
    return Technique(
        module, f"threads without a GIL by {python}", parallel="threads", one_core=(one,)
    )


def count(python: str, shared: Sequence[tuple[int, int]], workers: Workers) -> tuple[int, str]:
    """Count in another interpreter; return the hits, and its file as the note.

    Parameters
    ----------
    python
        The interpreter's file.
    shared
        Seed and number of pairs for each thread.
    workers
        Holds the interpreter, and ends it.

    Raises
    ------
    WorkerError
        When the interpreter ends without an answer.
    """
    child = workers.hold(_started(python))
    with contextlib.suppress(BrokenPipeError):
        print(*itertools.chain(*shared), file=child.stdin, flush=True)
    answer = child.stdout.readline() if child.stdout else ""
    if not answer:
        raise WorkerError(f"{python} ended unasked")
    return int(answer), python


# Cached: a workers knows what it holds by the function, so each interpreter needs its own.
@functools.cache
def _started(python: str) -> Callable[[Workers], AbstractContextManager[_Child]]:
    return functools.partial(_child, python)


@contextlib.contextmanager
def _child(python: str, _: Workers) -> Iterator[_Child]:
    program = inspect.getsource(definition) + _ANSWERS
    child: _Child | None = None
    try:
        child = subprocess.Popen(
            [python, "-I", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        yield child
    finally:
        if child is not None:
            child.kill()
            child.communicate()


if TYPE_CHECKING:
    from typing import TypeAlias

    _Child: TypeAlias = subprocess.Popen[str]
