"""``python -m workloads course``: the plan of two days, a row for each hour or less."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from hpcpy_common.errors import EXIT_CODES
from hpcpy_common.options import Parser, module_parser


class Row(NamedTuple):
    """A part of a day: what the teacher shows, what the students do."""

    teach: int  # minutes
    practise: int
    shown: tuple[str, ...]  # commands of `python -m workloads`, or others with their launcher
    exercises: tuple[str, ...]
    lesson: str  # what they know then


_RUN = "python -m workloads"
DAYS = {
    "Day 1: one node": (
        Row(
            20,
            0,
            (f"{_RUN} heat --impl python,numpy,numba,cython -n 256",),
            (),
            "one answer, four ways, a factor of a hundred",
        ),
        Row(
            20,
            20,
            (f"{_RUN} heat --impl python -n 100 --profile line heat.txt",),
            ("profile-line",),
            "which line runs most often, not which looks slow",
        ),
        Row(
            20,
            30,
            (f"{_RUN} talk usc 11", f"{_RUN} arrays"),
            ("write-vectorized", "heat-slices"),
            "a slice for each neighbour, in place of a loop",
        ),
        Row(
            25,
            40,
            (f"{_RUN} mandel --area area1 --impl python,numba-complex,numba,cython",),
            ("mandel-numba", "numba-cache", "heat-cython"),
            "what is compiled when, and who pays for it",
        ),
        Row(
            20,
            30,
            (f"{_RUN} pi --impl python,threads,multiprocessing",),
            ("gil-sleep", "pi-processes", "pool-pickles"),
            "threads wait together, processes compute together",
        ),
        Row(
            15,
            20,
            (f"{_RUN} heat --impl multiprocessing,dask",),
            ("shared-race", "heat-chunks"),
            "shared memory needs a lock or a barrier, a task some milliseconds of work",
        ),
        Row(
            15,
            25,
            (
                f"{_RUN} write -n 1000 --impl npy,hdf5,hdf5-single",
                f"{_RUN} read -n 1000 --impl npy,hdf5,hdf5-single",
            ),
            ("write-hdf5", "hdf5-chunks"),
            "one file, and chunks in the direction of the reading",
        ),
    ),
    "Day 2: many ranks": (
        Row(
            15,
            30,
            (f"mpiexec -n 4 {_RUN} mandel --impl mpi-block,mpi-cyclic",),
            ("mandel-mpi", "mpi-scatter", "mpi-gatherv"),
            "who has which rows, and what a collective saves",
        ),
        Row(
            15,
            35,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-send,mpi-sendrecv",),
            ("heat-halo", "heat-deadlock"),
            "a halo, and why short messages hide a deadlock",
        ),
        Row(
            20,
            30,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv,mpi-overlap -n 2048",),
            ("heat-overlap", "heat-trace"),
            "what can be computed while a message is under way",
        ),
        Row(
            15,
            15,
            (f"mpiexec -n 4 {_RUN} heat --impl mpi-overlap --scale 1,2,4 -n 2048",),
            ("heat-scaling",),
            "where it ends, and why: the edge of a part grows slower than its area",
        ),
        Row(
            15,
            15,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv -n 100 --steps 100000 --until 1e-6",),
            ("heat-sum",),
            "an allreduce in a loop, and sums that differ in the last digits",
        ),
        Row(
            15,
            25,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-checkpoint --checkpoint a.h5 --steps 100000",),
            ("mpi-file", "heat-dataset", "heat-checkpoint"),
            "one file by all ranks, whole at any time: kill it, and start it again",
        ),
        Row(
            15,
            20,
            (
                f"{_RUN} linalg --task tasks -n 300 --count 32 --impl serial,multiprocessing",
                f"OMP_NUM_THREADS=2 {_RUN} linalg --task tasks -n 300 --count 32 "
                "--impl multiprocessing",
            ),
            ("blas-threads", "linalg-batch"),
            "threads times ranks are no more than cores",
        ),
        Row(
            10,
            20,
            (f"{_RUN} heat --list",),
            ("heat-gpu",),
            "a thread for each point, and threads without one",
        ),
    ),
}


def _ways() -> dict[str, dict[str, tuple[Row, ...]]]:
    """Return what there is to choose: both days, one of them, or the shorter ways."""
    (first, one_node), (second, many) = DAYS.items()
    half = tuple(one_node[place] for place in (0, 2, 3))
    ranks = tuple(many[place] for place in (0, 1, 3))
    return {
        "two": DAYS,
        "1": {first: one_node},
        "2": {second: many},
        "half": {"Half a day": half},
        "one": {"One day": half + ranks},
    }


def main(arguments: list[str]) -> int:
    """Print the plan of a way through the course."""
    for day, rows in _ways()[_parser().parse_args(arguments).way].items():
        taught, practised = sum(row.teach for row in rows), sum(row.practise for row in rows)
        print(f"{day}: {taught} minutes to teach, {practised} to practise")
        for row in rows:
            lines = [*row.shown, *(f"exercise {name}" for name in row.exercises)]
            lines += textwrap.wrap(f"They know then: {row.lesson}.", 72)
            minutes = f"{row.teach} + {row.practise}"
            print(f"{minutes:>8} min  " + "\n              ".join(lines))
        print()
    return 0


def _parser() -> Parser:
    parser = module_parser("workloads course", "The plan of a course of two days.", EXIT_CODES)
    text = "1 or 2: a day of the two; half: half a day; one: one day (default: two)"
    parser.add_argument("way", nargs="?", choices=list(_ways()), default="two", help=text)
    return parser
