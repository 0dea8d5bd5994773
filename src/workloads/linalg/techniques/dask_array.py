"""Dask's array in threads: its pieces are NumPy's arrays, whose sums release the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask
import dask.array as da

from workloads.linalg.definition import mean_of

if TYPE_CHECKING:
    from workloads.linalg.problems import Mean
    from workloads.parallel.workers import Workers

# Pieces for each worker: with one each, the workers that end first would be idle.
_PIECES = 4


def mean(problem: Mean, workers: Workers) -> tuple[float, str]:
    """Take the mean by Dask."""
    chunk = -(-problem.n // (_PIECES * workers.count))
    with dask.config.set(scheduler="threads", num_workers=workers.count):
        found, by = mean_of(da.arange(problem.n, dtype="f8", chunks=chunk))
    return found, f"{by}, pieces of {chunk:,}"
