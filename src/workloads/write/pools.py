"""Worker processes, each of which writes some of the files: of a pool, or fed by a queue."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.write.definition import Series, shares
from workloads.write.numpy_ import coordinates, values

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from multiprocessing.context import ForkServerContext

    from workloads.bench.workload import Float64Array

# A worker keeps them from task to task: a number is all that an array needs.
kept_coordinates = lru_cache(maxsize=1)(coordinates)


def save(series: Series, folder: Path, t: int) -> None:
    """Write array `t` into a file of its own."""
    x, y = kept_coordinates(series)
    np.save(folder / f"array-{t:06d}.npy", values(x, y, t / series.n))


def save_part(series: Series, folder: Path, part: range) -> None:
    """Write some arrays."""
    for t in part:
        save(series, folder, t)


def pool_map(series: Series, folder: Path, workers: int, pool: Executor) -> None:
    """Write by a pool: more parts than workers, so that none is idle for long at the end."""
    parts = shares(series.n, 16 * workers)
    list(pool.map(partial(save_part, series, folder), parts))


def save_from(x: Float64Array, y: Float64Array, folder: Path, n: int, t: int) -> None:
    """Write array `t` from the coordinates that come with the task."""
    np.save(folder / f"array-{t:06d}.npy", values(x, y, t / n))


def pool_apply(series: Series, folder: Path, pool: Executor) -> None:
    """Write by the talk's pool: it sends one array's coordinates to a worker, and waits.

    No two workers ever work at once, and each task carries two arrays that every
    worker could make itself.
    """
    x, y = coordinates(series)
    for t in range(series.n):
        pool.submit(save_from, x, y, folder, series.n, t).result()  # as Pool.apply


def save_next(series: Series, folder: Path, numbers: Any) -> None:
    """Write arrays until there is no number left: a worker process's whole life."""
    while (t := numbers.get()) is not None:
        save(series, folder, t)


def by_queue(series: Series, folder: Path, workers: int, context: ForkServerContext) -> None:
    """Write by processes that take the arrays' numbers from a queue, one at a time."""
    numbers: Any = context.Queue()
    processes = [
        context.Process(target=save_next, args=(series, folder, numbers)) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    for t in range(series.n):
        numbers.put(t)
    for _ in processes:
        numbers.put(None)  # no more: one for each
    for process in processes:
        process.join()


if __name__ == "__main__":
    # Each process of a pool imports this program: only the first one may start a pool.
    with ProcessPoolExecutor(4) as four:
        pool_map(Series(15, 100), Path.cwd(), 4, four)
