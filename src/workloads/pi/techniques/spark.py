"""Spark: a share to each worker of a local cluster or a site's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.parallel import spark_context
from workloads.pi.definition import seeded_hits, seeded_shares

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _context(workers: Workers) -> AbstractContextManager[Any]:
    return spark_context.context(workers, _prepare)


def _hits(share: tuple[int, int]) -> int:
    return seeded_hits(*share)


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in the cluster's workers."""
    context = workers.hold(_context)
    shares = [*zip(*seeded_shares(seed, pairs, workers.count), strict=True)]
    with spark_context.failures():
        hits = sum(context.parallelize(shares, len(shares)).map(_hits).collect())
    return hits, "a GIL each"
