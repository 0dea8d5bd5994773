"""Worker processes, each of which writes some of the files: of a pool, or fed by a queue."""

from __future__ import annotations

import multiprocessing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.write.definition import Series, shares
from workloads.write.numpy_ import coordinates, save, values

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext
    from multiprocessing.pool import Pool

    from workloads.bench.workload import Float64Array


def pool_map(series: Series, folder: Path, workers: int, pool: Pool) -> None:
    """Write by a pool: more parts than workers, so that none is idle for long at the end."""
    parts = filter(None, shares(series.n, 16 * workers))
    list(pool.map(partial(save, series, folder), parts))


def save_from(x: Float64Array, y: Float64Array, folder: Path, n: int, t: int) -> None:
    """Write array `t` from the coordinates that come with the task."""
    np.save(folder / f"array-{t:06d}.npy", values(x, y, t / n))


def pool_apply(series: Series, folder: Path, pool: Pool) -> None:
    """Write by the talk's pool: it sends one array's coordinates to a worker, and waits.

    No two workers ever work at once, and each task carries two arrays that every
    worker could make itself.
    """
    x, y = coordinates(series)
    for t in range(series.n):
        pool.apply(save_from, (x, y, folder, series.n, t))


def save_next(series: Series, folder: Path, numbers: Any) -> None:
    """Write arrays until a None comes for a number: a process's whole life."""
    save(series, folder, iter(numbers.get, None))


def by_queue(series: Series, folder: Path, workers: int, context: SpawnContext) -> None:
    """Write by processes that take the arrays' numbers from a queue, one at a time."""
    numbers = context.Queue()
    arguments = series, folder, numbers
    processes = [context.Process(target=save_next, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    for number in [*range(series.n), *[None] * workers]:
        numbers.put(number)
    for process in processes:
        process.join()


if __name__ == "__main__":
    # Each process of a pool imports this program: only the first one may start a pool.
    with multiprocessing.Pool(4) as four:
        pool_map(Series(15, 100), Path.cwd(), 4, four)
