"""Dask: a task is a future, on a local cluster or a site's."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.linalg.definition import solve
from workloads.parallel import dask_client

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _client(workers: Workers) -> AbstractContextManager[Any]:
    return dask_client.client(workers, _prepare)


def tasks(problem: Tasks, workers: Workers) -> tuple[list[tuple[float, float]], str]:
    """Do the tasks in the cluster's workers."""
    client = workers.hold(_client)
    # Not pure: a task that is asked for again must be done again.
    futures = client.map(functools.partial(solve, problem.n), problem.seeds(), pure=False)
    with dask_client.failures():
        return client.gather(futures), "Dask sets OMP_NUM_THREADS=1 in workers that it starts"
