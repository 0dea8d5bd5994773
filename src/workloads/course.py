"""``python -m workloads course``: the plan of two days, a row for each hour or less."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from hpcpy_common.errors import EXIT_CODES
from hpcpy_common.options import Parser


class Row(NamedTuple):
    """A part of a day: what the teacher shows, what the students do."""

    minutes: int
    shown: tuple[str, ...]  # commands of `python -m workloads`, or others with their launcher
    exercises: tuple[str, ...]
    lesson: str  # what they know then


_RUN = "python -m workloads"
DAYS = {
    "Day 1: one node": (
        Row(
            20,
            (f"{_RUN} heat --impl python,numpy,numba,cython -n 256",),
            (),
            "one answer, four ways, a factor of a hundred",
        ),
        Row(
            40,
            (f"{_RUN} heat --impl python -n 100 --profile line heat.txt",),
            ("profile-line",),
            "which line runs most often, not which looks slow",
        ),
        Row(
            50,
            (f"{_RUN} talk usc 31", f"{_RUN} arrays"),
            ("write-vectorized", "heat-slices"),
            "a slice for each neighbour, in place of a loop",
        ),
        Row(
            50,
            (f"{_RUN} talk nih 11", f"{_RUN} mandel --impl numba,cython"),
            ("mandel-numba", "numba-cache"),
            "what is compiled when, and who pays for it",
        ),
        Row(
            50,
            (f"{_RUN} pi --impl python,threads,multiprocessing", f"{_RUN} talk nih 8"),
            ("gil-sleep", "pi-processes", "pool-pickles"),
            "threads wait together, processes compute together",
        ),
        Row(
            30,
            (f"{_RUN} heat --impl multiprocessing,dask",),
            ("shared-race", "heat-chunks"),
            "shared memory needs a lock or a barrier, a task some milliseconds of work",
        ),
        Row(
            40,
            (f"{_RUN} talk usc 43", f"{_RUN} read"),
            ("write-hdf5", "hdf5-chunks"),
            "one file, and chunks in the direction of the reading",
        ),
    ),
    "Day 2: many ranks": (
        Row(
            40,
            (f"mpiexec -n 4 {_RUN} mandel --impl mpi-block,mpi-cyclic",),
            ("mandel-mpi", "mpi-scatter", "mpi-gatherv"),
            "who has which rows, and what a collective saves",
        ),
        Row(
            50,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-send,mpi-sendrecv",),
            ("heat-halo", "heat-deadlock"),
            "a halo, and why short messages hide a deadlock",
        ),
        Row(
            50,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv,mpi-overlap -n 2048",),
            ("heat-overlap", "heat-trace"),
            "what can be computed while a message is under way",
        ),
        Row(
            30,
            (f"mpiexec -n 4 {_RUN} heat --impl mpi-overlap --scale 1,2,4",),
            ("heat-scaling",),
            "where it ends, and why: the edge of a part grows slower than its area",
        ),
        Row(
            30,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-sendrecv -n 100 --steps 100000 --until 1e-6",),
            ("heat-sum",),
            "an allreduce in a loop, and sums that differ in the last digits",
        ),
        Row(
            40,
            (f"mpiexec -n 2 {_RUN} heat --impl mpi-checkpoint --checkpoint a.h5 --steps 20000",),
            ("mpi-file", "heat-checkpoint"),
            "one file by all ranks, whole at any time: kill it, and start it again",
        ),
        Row(
            30,
            (f"{_RUN} linalg --task tasks", f"mpiexec -n 2 {_RUN} p2p"),
            ("blas-threads", "linalg-batch"),
            "threads times ranks are no more than cores",
        ),
        Row(
            30,
            (f"{_RUN} heat --list",),
            ("heat-gpu",),
            "a thread for each point, and threads without one",
        ),
    ),
}


def main(arguments: list[str]) -> int:
    """Print both days."""
    Parser("workloads course", "The plan of a course of two days.", EXIT_CODES).parse_args(
        arguments
    )
    for day, rows in DAYS.items():
        print(f"{day}, {sum(row.minutes for row in rows)} minutes")
        for row in rows:
            lines = [*row.shown, *(f"exercise {name}" for name in row.exercises)]
            lines += textwrap.wrap(f"They know then: {row.lesson}.", 72)
            print(f"{row.minutes:5} min  " + "\n           ".join(lines))
        print()
    return 0
