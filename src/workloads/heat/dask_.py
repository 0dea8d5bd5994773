"""Dask's arrays: a chunk for each worker, which gets its neighbours' rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
from dask.distributed import Client

from workloads.heat.compiled import sweep
from workloads.heat.plate import Plate

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array


def dask(plate: Plate, workers: int, client: Client) -> Float64Array:
    """Cut the field into a chunk for each worker; Dask brings each its neighbours' rows."""
    inner = plate.start()[0][1:-1, 1:-1]
    field = da.from_array(inner, chunks=(-(-plate.n // workers), plate.n))
    for step in range(plate.steps):
        # A row on each side; beyond the edge it is zero.
        field = field.map_overlap(chunk_step, depth=1, boundary=0.0, dtype=inner.dtype)
        # Dask keeps a graph of all that is to do: ten steps at a time.
        if step % 10 == 0:
            field = client.persist(field)
    solution: Float64Array = np.pad(field.compute(), 1)
    return solution


def chunk_step(old: Float64Array) -> Float64Array:
    """Do one step of a chunk that has its neighbours' rows; Dask cuts them off again."""
    old = np.ascontiguousarray(old)
    new = old.copy()
    sweep(old, new, 1, len(old) - 1)
    return new


if __name__ == "__main__":
    # Each worker imports this program: only the first one may start others.
    with Client(n_workers=4, threads_per_worker=1) as four:
        print(dask(Plate(512, 100), 4, four))
