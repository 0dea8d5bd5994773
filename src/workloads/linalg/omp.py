"""BLAS's threads in one process: its library reads OMP_NUM_THREADS when it is loaded."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_info

from workloads.linalg.definition import eigh_errors, symmetric

if TYPE_CHECKING:
    from workloads.parallel.pools import Pool


def omp(n: int, seed: int, pool: Pool) -> tuple[float, float, float, int]:
    """Solve in a process of its own, which has started with the variable or without it."""
    (found,) = pool.map(partial(timed_eigh, n), [seed])
    return found


def timed_eigh(n: int, seed: int) -> tuple[float, float, float, int]:
    """Return seconds and both errors; and BLAS's threads, which may be fewer than asked for."""
    matrix = symmetric(n, seed)
    started = time.perf_counter()
    values, vectors = np.linalg.eigh(matrix)
    seconds = time.perf_counter() - started
    residual, orthogonality = eigh_errors(matrix, values, vectors)
    threads = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    # The image plain has BLAS linked in, and not the feature by which threadpoolctl sees it:
    # there count this process's threads, which are BLAS's and the main one.
    count = max(threads, default=len(os.listdir("/proc/self/task")))  # noqa: PTH208
    return seconds, residual, orthogonality, count


if __name__ == "__main__":
    print(timed_eigh(1000, 2022))  # OMP_NUM_THREADS=1 python omp.py
