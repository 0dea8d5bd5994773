"""Processes, with an interpreter and a GIL each: of a pool, of Dask, of MPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.parallel import dask_client
from workloads.parallel.workers import importing
from workloads.pi.definition import seeded_hits, seeded_shares

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

_PREPARE = importing(__name__)


def multiprocessing(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` processes of a fork server."""
    shares = seeded_shares(seed, pairs, workers.count)
    return sum(workers.pool(_PREPARE, __name__).map(seeded_hits, *shares)), "a GIL each"


def dask(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in the workers of a local Dask cluster or a site's."""
    client = workers.hold(dask_client.client, _PREPARE)
    shares = seeded_shares(seed, pairs, workers.count)
    # Not pure: a share that is asked for again must be counted again.
    futures = client.map(seeded_hits, *shares, pure=False)
    with dask_client.failures():
        return sum(client.gather(futures)), "a GIL each"


def mpi(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count each rank's share; the sum is on rank 0, and 0 on the others."""
    comm = workers.comm
    seeds, lengths = seeded_shares(seed, pairs, comm.size)
    hits = seeded_hits(seeds[comm.rank], lengths[comm.rank])
    return comm.reduce(hits) or 0, ""  # None on the other ranks
