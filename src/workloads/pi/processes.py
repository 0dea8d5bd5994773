"""Processes, with an interpreter and a GIL each: of a pool, of Dask, of MPI."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from workloads.parallel import dask_cluster
from workloads.parallel.guard import guarded
from workloads.parallel.workers import Workers
from workloads.pi.definition import seeded_hits, seeded_shares


@contextlib.contextmanager
def process_pool(workers: Workers) -> Iterator[ProcessPoolExecutor]:
    """Start a pool of processes, forked by a server that has imported this module."""
    context = get_context("forkserver")
    with (
        guarded(context, workers.count, __name__) as guard,
        ProcessPoolExecutor(workers.count, context, initializer=guard) as pool,
    ):
        guard.wait(pool)
        yield pool


def multiprocessing(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` processes of a fork server."""
    pool = workers.started(process_pool)
    shares = seeded_shares(seed, pairs, workers.count)
    return sum(pool.map(seeded_hits, *shares)), "a GIL each"


def dask(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in the workers of a local Dask cluster or a site's."""
    client = workers.started(dask_cluster.client, __name__)
    shares = seeded_shares(seed, pairs, workers.count)
    # Not pure: a share that is asked for again must be counted again.
    futures = client.map(seeded_hits, *shares, pure=False)
    with dask_cluster.failures():
        return sum(client.gather(futures)), "a GIL each"


def delayed(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count by calls that are only noted, until `compute` makes all of them."""
    from dask import compute, delayed  # noqa: PLC0415

    # Without a client, compute() starts a pool of its own.
    workers.started(dask_cluster.client, __name__)
    shares = zip(*seeded_shares(seed, pairs, workers.count), strict=True)
    calls = [delayed(seeded_hits, pure=False)(seed, share) for seed, share in shares]
    with dask_cluster.failures():
        return sum(compute(*calls)), "a GIL each"


def mpi(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count each rank's share; the sum is on rank 0, and 0 on the others."""
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    seeds, lengths = seeded_shares(seed, pairs, comm.size)
    hits = seeded_hits(seeds[comm.rank], lengths[comm.rank])
    return comm.reduce(hits) or 0, ""  # None on the other ranks


if __name__ == "__main__":
    # Each process of the pool imports this program: only the first one may start a pool.
    with Workers(4) as four:
        print(multiprocessing(20_000_000, 2022, four))
