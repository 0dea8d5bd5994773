"""Worker processes and MPI ranks, each of which writes some of the npy files."""

from __future__ import annotations

import contextlib
import functools
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcpy_common.errors import HpcpyError, WorkerError
from workloads.parallel.guard import Guard, guarded
from workloads.parallel.workers import Workers
from workloads.write.definition import Series, shares
from workloads.write.files import array_name, new_file
from workloads.write.numpy_ import coordinates, values

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array

# Parts for each worker: enough that none is idle for long at the end.
_PARTS = 16
# How often the process that waits for results checks whether the others are still alive.
_LOOK_SECONDS = 1.0

# A worker process keeps it from task to task.
_coordinates = functools.lru_cache(maxsize=1)(coordinates)


@contextlib.contextmanager
def process_pool(workers: Workers) -> Iterator[ProcessPoolExecutor]:
    """Start a pool of processes, forked by a server that has imported this module."""
    context = get_context("forkserver")
    with (
        guarded(context, workers.count, __name__) as guard,
        ProcessPoolExecutor(workers.count, context, initializer=guard) as pool,
    ):
        guard.wait(pool)
        yield pool


def save(folder: Path, t: int, array: Float64Array) -> None:
    """Write array `t` into a file of its own."""
    with new_file(folder / f"{array_name(t)}.npy") as file:
        np.save(file, array)


def _save_some(series: Series, folder: Path, numbers: Sequence[int]) -> None:
    x, y = _coordinates(series)
    for t in numbers:
        save(folder, t, values(x, y, t / series.n))


def pool_map(series: Series, folder: Path, workers: Workers) -> str:
    """Write by a pool: each task is a part of the numbers."""
    pool = workers.started(process_pool)
    parts = [part for part in shares(series.n, workers.count * _PARTS) if part]
    for _ in pool.map(functools.partial(_save_some, series, folder), parts):
        pass
    return ""


def _save_from(x: Float64Array, y: Float64Array, folder: Path, n: int, t: int) -> None:
    save(folder, t, values(x, y, t / n))


def pool_apply(series: Series, folder: Path, workers: Workers) -> str:
    """Write by the talk's pool: it sends one array's coordinates to a worker, and waits.

    No two workers ever work at once, and each task carries two arrays that every
    worker could make itself.
    """
    x, y = coordinates(series)
    pool = workers.started(process_pool)
    for t in range(series.n):
        # What Pool.apply does.
        pool.submit(_save_from, x, y, folder, series.n, t).result()
    return f"sends {2 * series.bytes / 1e6:,.3g} MB to the workers"


@contextlib.contextmanager
def queues(workers: Workers) -> Iterator[tuple[Any, ...]]:
    """Start processes that take jobs and numbers from two queues, and put results into one."""
    context = get_context("forkserver")
    with guarded(context, workers.count, __name__) as guard:
        jobs, numbers, results = (context.Queue() for _ in range(3))
        processes = [
            context.Process(target=_work, args=(jobs, numbers, results, guard), daemon=True)
            for _ in range(workers.count)
        ]
        try:
            for process in processes:
                process.start()
            guard.wait()
            yield jobs, numbers, results, processes
            for _ in processes:
                jobs.put(None)
        except BaseException:
            for process in processes:
                process.terminate()
            # Otherwise this process waits at its end until all numbers have been read.
            numbers.cancel_join_thread()
            raise
        finally:
            for process in processes:
                process.join()
            for each in (jobs, numbers):
                each.close()
                # Its thread removes a semaphore, which the tracker would call leaked.
                each.join_thread()


def _work(jobs: Any, numbers: Any, results: Any, guard: Guard) -> None:
    """Write arrays, a worker process's whole life; a result is an error, or None."""
    guard()
    while (job := jobs.get()) is not None:
        series, folder = job
        # What does not change is kept: a number is all that an array needs.
        x, y = _coordinates(series)
        while (t := numbers.get()) is not None:
            try:
                save(folder, t, values(x, y, t / series.n))
                results.put(None)
            except HpcpyError as error:
                results.put(error)
        results.put(None)


def by_queue(series: Series, folder: Path, workers: Workers) -> str:
    """Write by processes that take the arrays' numbers from a queue, one at a time."""
    jobs, numbers, results, processes = workers.started(queues)
    for _ in processes:
        jobs.put((series, folder))
    for t in range(series.n):
        numbers.put(t)
    for _ in processes:
        numbers.put(None)
    # A result of each number and each job: no worker is left with an old job.
    for _ in range(series.n + len(processes)):
        if error := _next(results, processes):
            raise error
    return ""


def _next(results: Any, processes: list[Any]) -> HpcpyError | None:
    while True:
        with contextlib.suppress(queue.Empty):
            result: HpcpyError | None = results.get(timeout=_LOOK_SECONDS)
            return result
        if dead := sum(not process.is_alive() for process in processes):
            raise WorkerError(f"{dead} of the worker processes ended unasked")


def mpi_chunks(series: Series, folder: Path, workers: Workers) -> str:
    """Send and Recv: rank 0 sends each rank its numbers in one message, and no arrays."""
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    x, y = coordinates(series)
    # Every rank computes how many numbers it gets; the talk's n is a multiple of the ranks.
    parts = [np.array(part, np.intc) for part in shares(series.n, comm.size)]
    mine = np.empty_like(parts[comm.rank])
    if comm.rank == 0:
        for rank, part in enumerate(parts[1:], start=1):
            comm.Send(part, dest=rank)
        mine = parts[0]
    else:
        comm.Recv(mine, source=0)
    for t in mine.tolist():
        save(folder, t, values(x, y, t / series.n))
    return ""


def mpi_scatter(series: Series, folder: Path, workers: Workers) -> str:
    """Scatter: each rank gets its numbers by one call of all; Scatterv's shares may differ."""
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    x, y = coordinates(series)
    counts = [len(part) for part in shares(series.n, comm.size)]
    mine = np.empty(counts[comm.rank], np.intc)
    comm.Scatterv([np.arange(series.n, dtype=np.intc), counts] if comm.rank == 0 else None, mine)
    for t in mine.tolist():
        save(folder, t, values(x, y, t / series.n))
    return ""


if __name__ == "__main__":
    # Each process of a pool imports this program: only the first one may start a pool.
    with Workers(4) as four:
        pool_map(Series(15, 100), Path.cwd(), four)
