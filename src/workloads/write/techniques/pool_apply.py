"""The talk's pool: it sends one array's coordinates to a worker, and waits for it.

No two workers ever work at once, and each task carries two arrays that every
worker could make itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.npy_files import save_array
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.arrays import Float64Array
    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _write(task: tuple[Float64Array, Float64Array, Path, int, int]) -> None:
    x, y, folder, n, t = task
    a, b = x / 10, y / 10
    values = a * a * b + b * b * a + t / n
    save_array(folder, t, values - np.floor(values))


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write `series.n` files."""
    x, y = np.meshgrid(np.array(series.x, float), np.array(series.y, float))
    pool = workers.pool(_prepare)
    for t in range(series.n):
        # As Pool.apply does, this waits for a task before it sends the next one.
        pool.submit(_write, (x, y, folder, series.n, t)).result()
    return f"sends {2 * series.bytes / 1e6:,.3g} MB to the workers"
