"""A Spark cluster of a job's ranks, and one program on it: ``python -m hpcpy_job on_spark``."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hpcpy_common import ranks, signals
from hpcpy_common.errors import UnavailableError
from hpcpy_job import program
from hpcpy_job.cluster import Process, environment_of_no_rank, host, leave_mpi, run, wait
from workloads_spark import cluster
from workloads_spark.cluster import Connection

_USAGE = """\
usage: python -m hpcpy_job on_spark SCRIPT [ARGUMENT …]
       python -m hpcpy_job on_spark -m MODULE [ARGUMENT …]

Below srun or mpiexec: makes a Spark worker of one core of every rank, and runs
the program once, beside the first, when all of them are there. SparkContext()
and SparkSession.builder.getOrCreate() find the cluster, SPARK_MASTER names it.
It ends with the program; the exit code is the program's."""


def main(words: list[str]) -> int:
    """Make a worker of this rank; on the first, run the master and the program as well.

    The exit code is 2 for wrong usage, 69 where there can be no cluster, 1 when a process of
    it has failed, 130 for Ctrl-C; otherwise the program's, on other ranks the worker's.
    """
    return program.command("on_spark", _USAGE, words, _start)


def _start(words: list[str]) -> int:
    program.require(words)
    if reason := cluster.why_not():
        raise UnavailableError(reason)
    comm = ranks.world()
    address = host(comm)
    if comm.rank == 0:
        return _first(comm, address, words)
    ranks.all_or_none(comm, lambda: None, idle=True)
    connection = comm.bcast(None)
    leave_mpi()
    return cluster.become_worker(connection)


def _first(comm: Any, address: str, words: list[str]) -> int:
    signals.exit_when_stopped()
    size = comm.size
    with ExitStack() as stack:
        served = ranks.all_or_none(comm, lambda: _serve(stack, address), idle=True)
        folder, master, connection = served
        comm.bcast(connection)
        leave_mpi()
        worker = stack.enter_context(cluster.worker(connection))
        serving = {"Spark's master": master, "Spark's worker of the first rank": worker}
        wait("Spark's workers", lambda: cluster.is_complete(folder, size), serving)
        variables = cluster.variables(folder, connection, size)
        return run(words, {**environment_of_no_rank(), **variables}, serving)


def _serve(stack: ExitStack, address: str) -> tuple[Path, Process, Connection]:
    """Return the cluster's folder and its master, both until the end of `stack`."""
    try:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hpcpy-spark-")))
        return folder, *stack.enter_context(cluster.master(folder, address))
    except OSError as error:
        # Not raised as it is: the other ranks would wait for this one.
        raise UnavailableError(f"Spark's master does not start: {error}") from error
