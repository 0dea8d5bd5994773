"""Forked processes: a GIL each, and they start immediately.

Python's default was `fork` until 3.13.  A child has copies of locks that its parent's
other threads hold, and no thread that will ever release them: it may wait for ever.
Therefore a process with threads is not forked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.techniques import processes

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` processes.

    Raises
    ------
    UnavailableError
        When this process has threads.
    """
    pool = workers.pool(processes.prepare, method="fork")
    return processes.counted(pool, pairs, seed, workers.count), "a GIL each"
