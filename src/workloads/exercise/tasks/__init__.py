"""The exercises: a judge each in this folder, and what a student reads in `programs`.

A judge's file has its `EXERCISE` and `judge`, which takes the student's module and returns "" for
a right answer, or the first thing that is wrong. With MPI every rank calls it. Where there is a
second hole, `judge_second` does the same for it.

A program is the solution, a file that runs. Its first comment is the task, and the hint. What lies
between "# Hole: what to do" and "# End of the hole." is left to the student, where a line then
raises NotImplementedError("what to do").
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from hpcpy_common.errors import UsageError

if TYPE_CHECKING:
    from importlib.abc import InspectLoader

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
    # Of the parts beyond the talks: memory, threads, ranks that hang.
    "memory-blocks",
    "threads-once",
    "rank-hangs",
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


# Indentation, what to do, and the solution.
_HOLE = re.compile(r"^( *)# Hole: (.*)\n((?:.*\n)*?) *# End of the hole\.\n", re.MULTILINE)
# It ends its comment.
_HINT = re.compile(r"#\n# Hint: (.*\n(?:# .*\n)*)")


@dataclass(frozen=True)
class Exercise:
    """A task for a class; its summary is the docstring of its file."""

    slide: str  # talk and number, as `python -m workloads talk` takes them, or heat's technique
    function: str = "compute"  # what the student's file must have
    second: str = ""  # the function of a second hole, which is harder, and may be left open
    needs: tuple[str, ...] = ("numpy",)
    elsewhere: str = ""  # where one of these modules is, if the image has it not
    ranks: tuple[int, ...] = ()  # the numbers of MPI ranks to check on; none: a plain process


def mpi_exercise(
    slide: str, function: str = "compute", second: str = "", needs: tuple[str, ...] = ()
) -> Exercise:
    """Return an exercise for MPI ranks: for one alone, and for four, which have neighbours."""
    return Exercise(slide, function, second, ("numpy", "mpi4py", *needs), ranks=(1, 4))


def task(name: str) -> Any:
    """Return the module of an exercise; raise a UsageError when there is none of this name."""
    if name not in NAMES:
        raise UsageError(f"no exercise {name!r}", hint=f"one of: {', '.join(NAMES)}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def hints(name: str) -> list[str]:
    """Return the hint for each hole of an exercise."""
    return [hint.strip().replace("\n# ", " ") for hint in _HINT.findall(_program(name))]


def text(name: str, *, solved: bool = False) -> str:
    """Return the student's file, with the hole or with the solution in its place."""
    module = task(name)
    exercise: Exercise = module.EXERCISE
    talk, number = exercise.slide.split()
    fields = {
        "where": f"heat --impl {number}" if talk == "heat" else f"talk {exercise.slide}",
        "name": name,
        "summary": module.__doc__,
        "function": exercise.function,
    }
    hole = r"\3" if solved else r'\1raise NotImplementedError("\2")\n'
    comment, _, code = _HOLE.sub(hole, _HINT.sub("", _program(name))).partition("\n\n")
    return _HEADER.format(**fields, task=comment) + code.lstrip("\n")


def _program(name: str) -> str:
    """Return the file of an exercise's solution; the image has none of it, its loader the text."""
    module = f"workloads.exercise.programs.{name.replace('-', '_')}"
    spec = importlib.util.find_spec(module)
    loader = cast("InspectLoader | None", spec and spec.loader)
    return (loader and loader.get_source(module)) or ""
