"""One node: compiled loops on one core, shared among threads and processes, and Dask's tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from workloads.heat.plate import R, Solved, march, strips
from workloads.parallel import dask_cluster
from workloads.parallel.guard import Guard, guarded
from workloads.parallel.workers import use_numba_threads

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate
    from workloads.parallel.workers import Workers

_SIGNATURE = "void(float64[:, ::1], float64[:, ::1], int64, int64)"
# Dask keeps a graph of all that is to do: some steps at a time.
_STEPS_A_GRAPH = 10
# In a worker process: both arrays, and the barrier where all workers meet.
_shared: list[Any] = []


@numba.njit(_SIGNATURE, cache=True, nogil=True)
def sweep(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
    """Do one step of the rows from `first` to before `last`: what ranks and processes call."""
    for i in range(first, last):
        for j in range(1, old.shape[1] - 1):
            around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
            new[i, j] = old[i, j] + R * (around - 4.0 * old[i, j])


@numba.njit(_SIGNATURE, cache=True, nogil=True, parallel=True)
def threaded_sweep(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
    """Do the same, a share of the rows in each thread."""
    for i in numba.prange(first, last):
        for j in range(1, old.shape[1] - 1):
            around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
            new[i, j] = old[i, j] + R * (around - 4.0 * old[i, j])


def loops(plate: Plate, _: Workers) -> Solved:
    """Compile the loops of pure Python."""
    return march(plate, *plate.start(), lambda old, new: sweep(old, new, 1, len(old) - 1))


def threads(plate: Plate, workers: Workers) -> Solved:
    """Share the rows among threads: `prange`."""
    use_numba_threads(workers.count)
    return march(plate, *plate.start(), lambda old, new: threaded_sweep(old, new, 1, len(old) - 1))


def cython(plate: Plate, _: Workers) -> Solved:
    """Hand both arrays to C as typed memory views: nothing is copied."""
    from workloads.heat._kernels_cython import sweep as in_c  # noqa: PLC0415

    return march(plate, *plate.start(), lambda old, new: in_c(old, new, R))


@contextlib.contextmanager
def process_pool(workers: Workers, n: int) -> Iterator[tuple[ProcessPoolExecutor, Float64Array]]:
    """Start processes that share two arrays; give the pool and the array that they start from."""
    context, side = get_context("forkserver"), n + 2
    memory = [context.RawArray("d", side**2) for _ in range(2)]
    with guarded(context, workers.count, __name__) as guard:
        shared = guard, side, memory, context.Barrier(workers.count)
        with ProcessPoolExecutor(workers.count, context, _begin, shared) as pool:
            guard.wait(pool)
            yield pool, np.frombuffer(memory[0]).reshape(side, side)


def _begin(guard: Guard, side: int, memory: Any, barrier: Any) -> None:
    _shared[:] = [*(np.frombuffer(each).reshape(side, side) for each in memory), barrier]
    guard()


def multiprocessing(plate: Plate, workers: Workers) -> Solved:
    """Have each process do its rows of each step, in arrays that all of them see."""
    pool, field = workers.started(process_pool, plate.n)
    field[:], _ = plate.start()  # the edge of the other array is zero from its start
    bounds = strips(plate.n, workers.count)
    field, *_ = pool.map(_all_steps, repeat(plate.steps), bounds[:-1], bounds[1:])
    return Solved(field, plate.steps, "two arrays in shared memory")


def _all_steps(steps: int, first: int, last: int) -> Float64Array | None:
    """Do all steps of some rows; the first process returns the field."""
    old, new, barrier = _shared
    for _ in range(steps):
        sweep(old, new, first, last)
        # Nobody may read a row that its owner has not written.
        barrier.wait()
        old, new = new, old
    return old if first == 1 else None


def dask(plate: Plate, workers: Workers) -> Solved:
    """Cut the field into a chunk for each worker; Dask brings each its neighbours' rows."""
    import dask.array as da  # noqa: PLC0415

    client = workers.started(dask_cluster.client, "", __name__)
    inner = plate.start()[0][1:-1, 1:-1]
    field = da.from_array(inner, chunks=(-(-plate.n // workers.count), plate.n))
    with dask_cluster.failures(client):
        for step in range(plate.steps):
            # A row on each side; beyond the edge it is zero.
            field = field.map_overlap(_chunk_step, depth=1, boundary=0.0, dtype=inner.dtype)
            if step % _STEPS_A_GRAPH == 0:
                field = client.persist(field)
        solution = np.pad(field.compute(), 1)
    return Solved(solution, plate.steps, f"graphs of {_STEPS_A_GRAPH} steps")


def _chunk_step(old: Float64Array) -> Float64Array:
    """Do one step of a chunk that has its neighbours' rows; Dask cuts them off again."""
    old = np.ascontiguousarray(old)
    new = old.copy()
    sweep(old, new, 1, len(old) - 1)
    return new
