"""MPI, scatter: each rank gets its arrays' numbers at once, and writes npy files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.write.definition import shares
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
    # The lower-case scatter: its parts are objects and may differ in length, so n
    # need not be a multiple of the ranks.
    mine = comm.scatter(shares(series.n, comm.size) if comm.rank == 0 else None)
    save(series, folder, mine, Field(series))
    return ""
