"""``python -m workloads course``: the plan of two days and a half, a row a part of the pages."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from hpcpy_common.errors import EXIT_CODES
from hpcpy_common.options import Parser, module_parser


class Row(NamedTuple):
    """A part of a day: what the teacher shows, what the students do."""

    title: str
    teach: int  # minutes
    practise: int
    lesson: str  # what they know then
    shown: tuple[str, ...]  # commands of `python -m workloads`, or a page's own programs
    exercises: tuple[str, ...]


_RUN = "python -m workloads"
_ONE_NODE = (
    Row("One problem, four ways", 20, 0, "one answer, four ways, a factor of a hundred",
        (f"{_RUN} heat --impl python,numpy,numba,cython -n 256",), ()),
    Row("Where the time goes", 20, 20, "which line runs most often, not which looks slow",
        (f"{_RUN} heat --impl python -n 100 --profile line heat.txt",), ("profile-line",)),
    Row("Slices in place of loops", 20, 30, "a slice for each neighbour, in place of a loop",
        (f"{_RUN} talk usc 11", f"{_RUN} arrays"), ("write-vectorized", "heat-slices")),
    Row("Compiled", 25, 40, "what is compiled when, and who pays for it",
        (f"{_RUN} mandel --area area1 --impl python,numba-complex,numba,cython",),
        ("mandel-numba", "numba-cache", "heat-cython")),
    Row("Threads or processes", 20, 30, "threads wait together, processes compute together",
        (f"{_RUN} pi --impl python,threads,multiprocessing",),
        ("gil-sleep", "pi-processes", "pool-pickles")),
    Row("Shared memory and tasks", 15, 20,
        "shared memory needs a lock or a barrier, a task some milliseconds of work",
        (f"{_RUN} heat --impl multiprocessing,dask",), ("shared-race", "heat-chunks")),
    Row("Files", 15, 25, "one file, and chunks in the direction of the reading",
        (f"{_RUN} write -n 1000 --impl npy,hdf5,hdf5-single",
         f"{_RUN} read -n 1000 --impl npy,hdf5,hdf5-single"), ("write-hdf5", "hdf5-chunks")),
)  # fmt: skip
_MANY_RANKS = (
    Row("Who has which rows", 15, 30, "who has which rows, and what a collective saves",
        (f"mpiexec -n 4 {_RUN} mandel --impl mpi-block,mpi-cyclic",),
        ("mandel-mpi", "mpi-scatter", "mpi-gatherv")),
    Row("Halos", 15, 35, "a halo, and why short messages hide a deadlock",
        (f"mpiexec -n 2 {_RUN} heat --impl mpi-send,mpi-sendrecv",),
        ("heat-halo", "heat-deadlock")),
    Row("Overlap", 20, 30, "what can be computed while a message is under way",
        (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv,mpi-overlap -n 2048",),
        ("heat-overlap", "heat-trace")),
    Row("Scaling", 15, 15, "where it ends, and why: the edge of a part grows slower than its area",
        (f"mpiexec -n 4 {_RUN} heat --impl mpi-overlap --scale 1,2,4 -n 2048",),
        ("heat-scaling",)),
    Row("When to stop", 15, 15, "an allreduce in a loop, and sums that differ in the last digits",
        (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv -n 100 --steps 100000 --until 1e-6",),
        ("heat-sum",)),
    Row("Checkpoints", 15, 25,
        "one file by all ranks, whole at any time: kill it, and start it again",
        (f"mpiexec -n 2 {_RUN} heat --impl mpi-checkpoint --checkpoint a.h5 --steps 100000",),
        ("mpi-file", "heat-dataset", "heat-checkpoint")),
    Row("Threads times ranks", 15, 20, "threads times ranks are no more than cores",
        (f"{_RUN} linalg --task tasks -n 300 --count 32 --impl serial,multiprocessing",
         f"OMP_NUM_THREADS=2 {_RUN} linalg --task tasks -n 300 --count 32 --impl multiprocessing"),
        ("blas-threads", "linalg-batch")),
)  # fmt: skip
_MORE = (
    Row("Memory and the roofline", 25, 20,
        "how many bytes a number costs, and that cores share what memory gives",
        ("python triad.py",), ("memory-blocks",)),
    Row("Threads without the GIL", 25, 20, "what is no single step needs a lock, GIL or not",
        ("python race.py",), ("threads-once",)),
    Row("A rank that hangs", 25, 20, "where each rank is, and who waits for whom",
        ("mpiexec -n 2 python hang.py",), ("rank-hangs",)),
    Row("GPUs", 25, 20, "a thread for each point, neighbours in one access, copies meanwhile",
        (f"{_RUN} heat --list", "mpiexec -n 2 python two_gpus.py"), ("heat-gpu",)),
)  # fmt: skip
DAYS = {
    "Day 1: one node": _ONE_NODE,
    "Day 2: many ranks": _MANY_RANKS,
    "Half a day more": _MORE,
}


def _ways() -> dict[str, dict[str, tuple[Row, ...]]]:
    """Return what there is to choose: all days, one of them, or the shorter ways."""
    first, second, third = DAYS
    half = tuple(_ONE_NODE[place] for place in (0, 2, 3))
    ranks = tuple(_MANY_RANKS[place] for place in (0, 1, 3))
    return {
        "all": DAYS,
        "1": {first: _ONE_NODE},
        "2": {second: _MANY_RANKS},
        "more": {third: _MORE},
        "two": {first: _ONE_NODE, second: _MANY_RANKS},
        "half": {"Half a day": half},
        "one": {"One day": half + ranks},
    }


def main(arguments: list[str]) -> int:
    """Print the plan of a way through the course."""
    for day, rows in _ways()[_parser().parse_args(arguments).way].items():
        taught, practised = sum(row.teach for row in rows), sum(row.practise for row in rows)
        print(f"{day}: {taught} minutes to teach, {practised} to practise")
        for row in rows:
            lines = [row.title, *row.shown, *(f"exercise {name}" for name in row.exercises)]
            lines += textwrap.wrap(f"They know then: {row.lesson}.", 72)
            minutes = f"{row.teach} + {row.practise}"
            print(f"{minutes:>8} min  " + "\n              ".join(lines))
        print()
    return 0


def _parser() -> Parser:
    parser = module_parser("workloads course", "The plan of a course of some days.", EXIT_CODES)
    text = "1, 2, more: a part of it; two: both days; half: half a day; one: one day (default: all)"
    parser.add_argument("way", nargs="?", choices=list(_ways()), default="all", help=text)
    return parser
