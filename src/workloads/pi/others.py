"""Pure Python by interpreters that the user names: versions side by side."""

from __future__ import annotations

import contextlib
import functools
import inspect
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from workloads.errors import UsageError, WorkerError
from workloads.harness.interrupts import held_back
from workloads.harness.technique import Technique
from workloads.pi import definition

if TYPE_CHECKING:
    from workloads.harness.team import Team

# Free-threaded builds have a `t` there.
_VERSION = "import sys; print('%d.%d.%d' % sys.version_info[:3] + sys.abiflags)"
# After the definition's own text: it stays up, so that no start is timed.
_ANSWERS = """
import sys
for line in sys.stdin:
    print(seeded_hits(*map(int, line.split())), flush=True)
"""
_START_SECONDS = 60.0


def named(pythons: Sequence[str]) -> dict[str, str]:
    """Return a technique's name for each interpreter, by its version.

    Raises
    ------
    UsageError
        When one cannot be run, or is no Python.
    """
    found: dict[str, str] = {}
    for python in pythons:
        name = f"python-{_version(python)}"
        same = sum(known.partition("_")[0] == name for known in found)
        found[f"{name}_{same + 1}" if same else name] = python
    return found


def _version(python: str) -> str:
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
    if asked.returncode or len(words) != 1:
        raise UsageError(f"--python {python}: is no Python 3.7 or later")
    return words[0]


def technique(python: str) -> Technique:
    """Return what stands in the registry beside the others."""
    # Its module is not called: `count` is.
    return Technique("workloads.pi.techniques.python", f"pure Python by {python}")


def count(python: str, pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count in another interpreter, which `team` holds.

    Raises
    ------
    WorkerError
        When it ends.
    """
    child = team.hold(_started(python))
    with contextlib.suppress(BrokenPipeError):
        print(seed, pairs, file=child.stdin, flush=True)
    answer = child.stdout.readline() if child.stdout else ""
    if not answer:
        raise WorkerError(f"{python} ended unasked")
    return int(answer), python


# The same function for the same interpreter: a team knows what it holds by that.
@functools.cache
def _started(python: str) -> Callable[[Team], AbstractContextManager[_Child]]:
    return functools.partial(_child, python)


@contextlib.contextmanager
def _child(python: str, _: Team) -> Iterator[_Child]:
    program = inspect.getsource(definition) + _ANSWERS
    child: _Child | None = None
    try:
        # A stop between its start and its name would leave it.
        with held_back():
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
