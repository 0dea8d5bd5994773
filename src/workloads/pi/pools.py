"""Workers with a GIL each, of which each counts a share: of a pool, of Dask, of MPI."""

from __future__ import annotations

from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from workloads.pi.definition import count_share, seeded_shares

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext

    from dask.distributed import Client

    from workloads.parallel.pools import Pool


def pool_map(pairs: int, seed: int, workers: int, pool: Pool) -> int:
    """Have each worker of a pool count a share: a process, or an interpreter in a thread."""
    return sum(pool.map(count_share, seeded_shares(seed, pairs, workers)))


def own_pool(pairs: int, seed: int, workers: int, context: SpawnContext) -> int:
    """Start a pool, count, and end it: all of it is timed, as in a program that runs once."""
    with context.Pool(workers) as pool:
        return sum(pool.map(count_share, seeded_shares(seed, pairs, workers)))


def dask(pairs: int, seed: int, workers: int, client: Client) -> int:
    """Count by futures, which begin at once in the workers of a Dask cluster."""
    # Not pure: a share that is asked for again must be counted again.
    futures = client.map(count_share, seeded_shares(seed, pairs, workers), pure=False)
    return sum(client.gather(futures))


def delayed(pairs: int, seed: int, workers: int, client: Client) -> int:
    """Count by calls that are only noted, until `compute` makes all of them."""
    from dask import compute, delayed  # noqa: PLC0415

    shares = seeded_shares(seed, pairs, workers)
    calls = [delayed(count_share, pure=False)(share) for share in shares]
    # Without a client, compute() starts a pool of its own.
    return sum(compute(*calls, scheduler=client))


def ipyparallel(pairs: int, seed: int, workers: int, view: Any) -> int:
    """Count on engines, which hold what one has sent them from call to call."""
    return sum(view.map_sync(count_share, seeded_shares(seed, pairs, workers)))


def mpi(pairs: int, seed: int, comm: Any) -> int | None:
    """Count each rank's share; the sum is on rank 0, and None on the others."""
    total: int | None = comm.reduce(count_share(seeded_shares(seed, pairs, comm.size)[comm.rank]))
    return total


if __name__ == "__main__":
    # A process of spawn imports this program: only the first one may start a pool.
    print(own_pool(20_000_000, 2022, 4, get_context("spawn")))
