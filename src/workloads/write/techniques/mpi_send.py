"""MPI, send and receive: rank 0 sends the others the number of one array at a time.

Numbers travel, not arrays: each rank computes and writes its own npy files.
Rank 0 writes none; it keeps a core busy, since it polls while it waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workloads.errors import OutputError
from workloads.write.field import Field
from workloads.write.npy_files import save
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write `series.n` files."""
    comm = workers.comm
    if comm.size == 1:
        save(series, folder, range(series.n), Field(series))
        return "one rank has nobody to send to and writes itself"
    if comm.rank == 0:
        _manage(comm, series.n)
    else:
        _work(comm, series, folder)
    return f"{comm.size - 1} write, rank 0 sends"


def _manage(comm: Any, n: int) -> None:
    from mpi4py import MPI  # noqa: PLC0415

    status = MPI.Status()
    waiting = iter(range(n))
    at_work = comm.size - 1
    while at_work:
        # A rank that asks says whether it can still write.
        if not comm.recv(status=status):
            waiting = iter(())
        t = next(waiting, None)
        comm.send(t, dest=status.source)
        at_work -= t is None


def _work(comm: Any, series: Series, folder: Path) -> None:
    field = Field(series)
    failure: OutputError | None = None
    while True:
        comm.send(failure is None, dest=0)
        t = comm.recv(source=0)
        if t is None:
            break
        try:
            save(series, folder, [t], field)
        except OutputError as error:
            failure = error
    if failure is not None:
        raise failure
