"""Processes: with shared memory and a barrier, and Dask's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.heat.compiled import sweep
from workloads.heat.plate import Solved
from workloads.parallel import dask_cluster
from workloads.parallel.guard import guarded

if TYPE_CHECKING:
    from dask.distributed import Client

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate
    from workloads.parallel.workers import Workers

# Dask keeps a graph of all that is to do: some steps at a time.
_STEPS_A_GRAPH = 10
# Of a worker process: the memory of two arrays, and where all workers meet.
_mine: list[Any] = []


@contextlib.contextmanager
def process_pool(workers: Workers, n: int) -> Iterator[tuple[ProcessPoolExecutor, Float64Array]]:
    """Start processes that share two arrays; give the pool and the array that they start from."""
    context = get_context("forkserver")
    shared = [*(context.RawArray("d", (n + 2) ** 2) for _ in range(2))]
    meeting = context.Barrier(workers.count)
    with (
        guarded(context, workers.count, __name__) as guard,
        ProcessPoolExecutor(workers.count, context, _begin, (guard, *shared, meeting)) as pool,
    ):
        guard.wait(pool)
        yield pool, np.frombuffer(shared[0]).reshape(n + 2, n + 2)


def _begin(guard: Any, *mine: Any) -> None:
    _mine[:] = mine
    guard()


def multiprocessing(plate: Plate, workers: Workers) -> Solved:
    """Have each process do its rows of each step, in arrays that all of them see."""
    pool, field = workers.started(process_pool, plate.n)
    field[:], _ = plate.start()
    bounds = strips(plate.n, workers.count)
    last, *_ = pool.map(_rows, repeat(plate), bounds[:-1], bounds[1:])
    return Solved(last, plate.steps, "two arrays in shared memory")


def _rows(plate: Plate, first: int, last: int) -> Float64Array | None:
    """Do all steps of some rows; the first process returns the field."""
    *shared, meeting = _mine
    # The edge of the second array is zero from its start.
    old, new = (np.frombuffer(each).reshape(plate.n + 2, -1) for each in shared)
    for _ in range(plate.steps):
        sweep(old, new, first, last)
        # Nobody may read a row that its owner has not written.
        meeting.wait()
        old, new = new, old
    return old if first == 1 else None


def strips(n: int, count: int) -> list[int]:
    """Return where each of `count` strips of rows begins, from row 1, and where the last ends."""
    return [1 + n * number // count for number in range(count + 1)]


@contextlib.contextmanager
def dask_client(workers: Workers) -> Iterator[Client]:
    """Connect to a cluster of Dask, a site's or one of `workers.count` processes."""
    from dask.distributed import Client  # noqa: PLC0415

    with dask_cluster.cluster(workers) as cluster, Client(cluster) as client:
        dask_cluster.prepare(client, __name__)
        yield client


def dask(plate: Plate, workers: Workers) -> Solved:
    """Cut the field into a chunk for each worker; Dask brings each its neighbours' rows."""
    import dask.array as da  # noqa: PLC0415

    client = workers.started(dask_client)
    inner = plate.start()[0][1:-1, 1:-1]
    field = da.from_array(inner, chunks=(-(-plate.n // workers.count), plate.n))
    with dask_cluster.failures():
        for step in range(plate.steps):
            # A row on each side; beyond the edge it is zero.
            field = field.map_overlap(_chunk_step, depth=1, boundary=0.0, dtype=inner.dtype)
            if step % _STEPS_A_GRAPH == 0:
                field = client.persist(field)
        found = np.pad(field.compute(), 1)
    return Solved(found, plate.steps, f"graphs of {_STEPS_A_GRAPH} steps")


def _chunk_step(old: Float64Array) -> Float64Array:
    """Do one step of a chunk that has its neighbours' rows; Dask cuts them off again."""
    old = np.ascontiguousarray(old)
    new = old.copy()
    sweep(old, new, 1, len(old) - 1)
    return new
