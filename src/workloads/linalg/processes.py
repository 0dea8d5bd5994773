"""Tasks shared out among processes, of a pool, of Dask, of MPI; and BLAS's threads in one."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from hpcpy_common import machine
from workloads.linalg.definition import Values, eigh_errors, solve, symmetric
from workloads.parallel import dask_cluster
from workloads.parallel.guard import guarded

if TYPE_CHECKING:
    from workloads.linalg.problems import Problem
    from workloads.parallel.workers import Workers

# In the order in which OpenBLAS looks at them, when it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


@contextlib.contextmanager
def process_pool(workers: Workers, method: str) -> Iterator[ProcessPoolExecutor]:
    """Start a pool of processes: forked by a server that has imported this module, or spawned."""
    context = get_context(method)
    with (
        guarded(context, workers.count, __name__) as guard,
        ProcessPoolExecutor(workers.count, context, initializer=guard) as pool,
    ):
        guard.wait(pool)
        yield pool


def multiprocessing(problem: Problem, workers: Workers) -> tuple[Values, str]:
    """Do the tasks in a pool; its processes share the cores, unless the user has set a number."""
    given = next((f"{name}={os.environ[name]}" for name in VARIABLES if os.environ.get(name)), "")
    threads = max(1, machine.cores() // workers.count)
    with contextlib.nullcontext() if given else blas_threads(threads):
        pool = workers.started(process_pool, "forkserver")
    values = [*pool.map(solve, itertools.repeat(problem.n), problem.seeds)]
    return values, f"{given or f'OMP_NUM_THREADS={threads}'} in each process"


def dask(problem: Problem, workers: Workers) -> tuple[Values, str]:
    """Do the tasks as futures, on a local Dask cluster or a site's."""
    client = workers.started(dask_cluster.client, "", __name__)
    # Not pure: a task that is asked for again must be done again.
    futures = client.map(solve, [problem.n] * problem.count, problem.seeds, pure=False)
    with dask_cluster.failures(client):
        return client.gather(futures), "Dask sets OMP_NUM_THREADS=1 in workers that it starts"


def mpi(problem: Problem, workers: Workers) -> tuple[Values, str]:
    """Do tasks r, r + p, … on rank r of p; rank 0 returns the values of all."""
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    mine = [solve(problem.n, seed) for seed in problem.seeds[comm.rank :: comm.size]]
    return in_order(comm.gather(mine)), ""


def in_order(by_rank: Sequence[Values] | None) -> Values:
    """Return the values of all tasks in their order; an empty list on all ranks but the first."""
    rows = itertools.zip_longest(*by_rank or [])
    return [values for row in rows for values in row if values is not None]


def omp(problem: Problem, workers: Workers) -> tuple[tuple[float, float, float], str]:
    """Solve in a process of its own, started with OMP_NUM_THREADS or without it."""
    workers.count = 1
    with blas_threads(problem.threads):
        # Spawned: rows that run one after the other have different environments.
        pool = workers.started(process_pool, "spawn")
    result, workers.count = pool.submit(_solve_here, problem.n, problem.seed).result()
    return result, ""


def _solve_here(n: int, seed: int) -> tuple[tuple[float, float, float], int]:
    """Return seconds and both errors; and BLAS's threads, which may be fewer than asked for."""
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    matrix = symmetric(n, seed)
    started = time.perf_counter()
    values, vectors = np.linalg.eigh(matrix)
    seconds = time.perf_counter() - started
    residual, orthogonality = eigh_errors(matrix, values, vectors)
    pools = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    # The image plain has BLAS linked in, and not the feature by which threadpoolctl sees it:
    # there count this process's threads, which are BLAS's and the main one.
    threads = max(pools, default=len(os.listdir("/proc/self/task")))  # noqa: PTH208
    return (seconds, residual, orthogonality), threads


@contextlib.contextmanager
def blas_threads(count: int) -> Iterator[None]:
    """Have BLAS use `count` threads in processes started meanwhile; with 0, its default."""
    before = {name: os.environ.pop(name) for name in VARIABLES if name in os.environ}
    if count:
        os.environ["OMP_NUM_THREADS"] = str(count)
    try:
        yield
    finally:
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ.update(before)
