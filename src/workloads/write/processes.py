"""Worker processes, each of which writes some of the npy files."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from workloads.parallel import queued
from workloads.write.definition import shares
from workloads.write.numpy_ import Field, save

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

# Parts for each worker: enough that none is idle for long at the end.
_PARTS = 16

# A worker process keeps it from task to task.
_field = functools.lru_cache(maxsize=1)(Field)


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _save_some(task: tuple[Series, Path, range]) -> None:
    series, folder, numbers = task
    for t in numbers:
        save(folder, t, _field(series).array(t))


def pool_map(series: Series, folder: Path, workers: Workers) -> str:
    """Write by a pool: each task is a part of the numbers."""
    pool = workers.pool(_prepare)
    parts = shares(series.n, workers.count * _PARTS)
    for _ in pool.map(_save_some, [(series, folder, part) for part in parts if part]):
        pass
    return ""


def _save_from(x: Float64Array, y: Float64Array, folder: Path, n: int, t: int) -> None:
    a, b = x / 10, y / 10
    values = a * a * b + b * b * a + t / n
    save(folder, t, values - np.floor(values))


def pool_apply(series: Series, folder: Path, workers: Workers) -> str:
    """Write by the talk's pool: it sends one array's coordinates to a worker, and waits.

    No two workers ever work at once, and each task carries two arrays that every
    worker could make itself.
    """
    x, y = np.meshgrid(np.array(series.x, float), np.array(series.y, float))
    pool = workers.pool(_prepare)
    for t in range(series.n):
        # What Pool.apply does.
        pool.submit(_save_from, x, y, folder, series.n, t).result()
    return f"sends {2 * series.bytes / 1e6:,.3g} MB to the workers"


_workers = functools.partial(queued.started, act=_save_some, prepare=_prepare)


def queue(series: Series, folder: Path, workers: Workers) -> str:
    """Write by processes that take the arrays' numbers from a queue, one at a time."""
    tasks = [(series, folder, range(t, t + 1)) for t in range(series.n)]
    for _ in workers.hold(_workers).act(tasks):
        pass
    return ""
