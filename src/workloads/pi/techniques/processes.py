"""Processes of a fork server: an interpreter and a GIL each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi import definition
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from workloads.parallel.workers import Workers


def prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` processes."""
    return counted(workers.pool(prepare), pairs, seed, workers.count), "a GIL each"


def counted(pool: ProcessPoolExecutor, pairs: int, seed: int, workers: int) -> int:
    """Count in the processes of a pool."""
    each = zip(*seeds(seed, pairs, workers), strict=True)
    try:
        return sum(pool.map(definition.seeded_hits, *each))
    except KeyboardInterrupt:
        # terminate_workers is new in Python 3.14; an older one waits for the shares.
        # A count is sent by one call, so that none is cut off.
        getattr(pool, "terminate_workers", pool.shutdown)()
        raise
