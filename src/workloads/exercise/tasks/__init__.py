"""The exercises, a file each: `EXERCISE`, what a student reads, and `judge`, what checks it.

`judge` takes the student's module, and returns "" for a right answer, or the first thing that
is wrong. With MPI every rank calls it. Where there is a second hole, `judge_second` does the same
for it.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Any

from hpcpy_common.errors import UsageError

# Along the talks: NIH, USC, NERSC.
NAMES = (
    "profile-line",
    "mandel-numba",
    "pool-pickles",
    "mandel-mpi",
    "mpi-gatherv",
    "numba-cache",
    "write-vectorized",
    "mpi-scatter",
    "write-hdf5",
    "hdf5-chunks",
    "mpi-file",
    "gil-sleep",
    "pi-processes",
    "shared-race",
    "blas-threads",
    "linalg-batch",
    # Along one problem, which is no talk's.
    "heat-slices",
    "heat-cython",
    "heat-gpu",
    "heat-chunks",
    "heat-halo",
    "heat-deadlock",
    "heat-overlap",
    "heat-trace",
    "heat-sum",
    "heat-checkpoint",
    "heat-dataset",
    "heat-scaling",
)


_HEADER = '''\
"""Exercise {name}: {summary}"""

# It belongs to: python -m workloads {where}
#
# Task: fill the hole in {function}.
#
{task}
#
# A hint:   python -m workloads exercise {name} --hint
# Check it: python -m workloads exercise {name} --check THIS_FILE

from __future__ import annotations

'''


@dataclass(frozen=True)
class Second:
    """A harder hole behind the first one, in a function of its own; it may be left open."""

    function: str
    task: str
    given: str
    solution: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """A task for a class; its summary is the docstring of its file."""

    slide: str  # talk and number, as `python -m workloads talk` takes them, or heat's technique
    task: str
    given: str  # the student's file: code with one line that raises NotImplementedError
    solution: str  # the lines that take the place of that one
    hint: str
    function: str = "compute"  # what the student's file must have
    needs: tuple[str, ...] = ("numpy",)
    elsewhere: str = ""  # where one of these modules is, if the image has it not
    ranks: tuple[int, ...] = ()  # the numbers of MPI ranks to check on; none: a plain process
    second: Second | None = None


def task(name: str) -> Any:
    """Return the module of an exercise; raise a UsageError when there is none of this name."""
    if name not in NAMES:
        raise UsageError(f"no exercise {name!r}", hint=f"one of: {', '.join(NAMES)}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def text(name: str, *, solved: bool = False) -> str:
    """Return the student's file, with the hole or with the solution in its place."""
    module = task(name)
    exercise: Exercise = module.EXERCISE
    talk, number = exercise.slide.split()
    where = f"heat --impl {number}" if talk == "heat" else f"talk {exercise.slide}"
    fields = {
        **vars(exercise),
        "where": where,
        "name": name,
        "summary": module.__doc__,
        "task": _commented(exercise.task),
    }
    written = _HEADER.format(**fields) + _given(exercise, solved=solved)
    if exercise.second is not None:
        more = _commented(
            f"Part 2, which is harder: {exercise.second.function}.\n{exercise.second.task}"
        )
        written += f"\n\n{more}\n\n\n{_given(exercise.second, solved=solved)}"
    return written


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.strip().splitlines())


def _given(part: Exercise | Second, *, solved: bool) -> str:
    """Return the code of a part, with its hole or the solution."""
    given = part.given.lstrip()
    if not solved:
        return given
    (hole,) = re.findall(r".*raise NotImplementedError.*\n", given)
    return given.replace(hole, part.solution.lstrip("\n"))
