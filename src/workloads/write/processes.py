"""Worker processes and MPI ranks, each of which writes some of the npy files."""

from __future__ import annotations

import contextlib
import functools
import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcpy_common.errors import WorkerError, WorkloadError
from workloads.parallel.workers import begin, fork_server, importing, wait_for
from workloads.write.definition import shares
from workloads.write.numpy_ import coordinates, save, values

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

# Parts for each worker: enough that none is idle for long at the end.
_PARTS = 16
# How often the process that waits for results checks whether the others are still alive.
_LOOK_SECONDS = 1.0
_PREPARE = importing(__name__)

# A worker process keeps it from task to task.
_coordinates = functools.lru_cache(maxsize=1)(coordinates)


def _save_some(task: tuple[Series, Path, range]) -> None:
    series, folder, numbers = task
    x, y = _coordinates(series)
    for t in numbers:
        save(folder, t, values(x, y, t / series.n))


def pool_map(series: Series, folder: Path, workers: Workers) -> str:
    """Write by a pool: each task is a part of the numbers."""
    pool = workers.pool(_PREPARE, __name__)
    parts = shares(series.n, workers.count * _PARTS)
    for _ in pool.map(_save_some, [(series, folder, part) for part in parts if part]):
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
    pool = workers.pool(_PREPARE, __name__)
    for t in range(series.n):
        # What Pool.apply does.
        pool.submit(_save_from, x, y, folder, series.n, t).result()
    return f"sends {2 * series.bytes / 1e6:,.3g} MB to the workers"


def by_queue(series: Series, folder: Path, workers: Workers) -> str:
    """Write by processes that take the arrays' numbers from a queue, one at a time."""
    tasks, results, processes = workers.hold(_queues)
    for t in range(series.n):
        tasks.put((series, folder, range(t, t + 1)))
    for _ in range(series.n):
        if error := _next(results, processes):
            raise error
    return ""


def _work(tasks: Any, results: Any, barrier: Any) -> None:
    """Do tasks, a worker process's whole life; a result is an error, or None."""
    begin(_PREPARE, barrier)
    while (task := tasks.get()) is not None:
        try:
            _save_some(task)
            results.put(None)
        except WorkloadError as error:
            results.put(error)


def _next(results: Any, processes: list[Any]) -> WorkloadError | None:
    while True:
        with contextlib.suppress(queue.Empty):
            result: WorkloadError | None = results.get(timeout=_LOOK_SECONDS)
            return result
        if dead := sum(not process.is_alive() for process in processes):
            raise WorkerError(f"{dead} of the worker processes ended unasked")


@contextlib.contextmanager
def _queues(workers: Workers) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Give a queue of tasks, one of results, and the processes between them, all of them up."""
    with fork_server([__name__]) as context:
        tasks, results = context.Queue(), context.Queue()
        barrier, processes = context.Barrier(workers.count + 1), []
        try:
            for _ in range(workers.count):
                process = context.Process(target=_work, args=(tasks, results, barrier), daemon=True)
                process.start()
                processes.append(process)
            wait_for(barrier, workers.count)
            yield tasks, results, processes
            for _ in processes:
                tasks.put(None)
        except BaseException:
            # Otherwise this process waits at its end until all tasks have been read.
            tasks.cancel_join_thread()
            for process in processes:
                process.terminate()
            raise
        finally:
            for process in processes:
                process.join()
            tasks.close()
            # Its thread removes a semaphore, which the tracker would call leaked.
            tasks.join_thread()


def mpi_chunks(series: Series, folder: Path, workers: Workers) -> str:
    """Send and Recv: rank 0 sends each rank its numbers in one message, and no arrays."""
    comm, (x, y) = workers.comm, coordinates(series)
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
    """Scatter: each rank gets its arrays' numbers at once."""
    comm, (x, y) = workers.comm, coordinates(series)
    # The lower-case scatter: its parts are objects and may differ in length, so n
    # need not be a multiple of the ranks.
    mine = comm.scatter(shares(series.n, comm.size) if comm.rank == 0 else None)
    for t in mine:
        save(folder, t, values(x, y, t / series.n))
    return ""
