"""Dask: a share to each worker of a local cluster or a site's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.parallel import dask_client
from workloads.pi import definition
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _client(workers: Workers) -> AbstractContextManager[Any]:
    return dask_client.client(workers, _prepare)


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in the cluster's workers."""
    client = workers.hold(_client)
    each = zip(*seeds(seed, pairs, workers.count), strict=True)
    # Not pure: a share that is asked for again must be counted again.
    futures = client.map(definition.seeded_hits, *each, pure=False)
    with dask_client.failures():
        return sum(client.gather(futures)), "a GIL each"
