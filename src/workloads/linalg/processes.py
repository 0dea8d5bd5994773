"""Tasks shared out among processes: of a pool, of Dask, of MPI."""

from __future__ import annotations

import os
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from workloads.linalg.definition import Values, in_order, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dask.distributed import Client

    from workloads.parallel import pools


def pool_map(n: int, seeds: Sequence[int], pool: pools.Pool) -> Values:
    """Have a pool do the tasks: its processes and their threads of BLAS share the cores."""
    return [*pool.map(partial(solve, n), seeds)]


def dask(n: int, seeds: Sequence[int], client: Client) -> Values:
    """Do the tasks as futures."""
    # Not pure: a task that is asked for again must be done again.
    values: Values = client.gather(client.map(partial(solve, n), seeds, pure=False))
    return values


def mpi(n: int, seeds: Sequence[int], comm: Any) -> Values:
    """Do tasks r, r + p, … on rank r of p; rank 0 returns the values of all."""
    mine = [solve(n, seed) for seed in seeds[comm.rank :: comm.size]]
    return in_order(comm.gather(mine))


if __name__ == "__main__":
    # BLAS reads it when it is loaded: a fork server's processes load their own.
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("forkserver").Pool(4) as pool:
        print(pool_map(200, range(2022, 2050), pool))
