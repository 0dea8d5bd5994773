"""Forked processes: a GIL each, and they start immediately.

Python's default was `fork` until 3.13.  A child has copies of locks that its parent's
other threads hold, and no thread that will ever release them: it may wait for ever.
Therefore a process with threads is not forked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.techniques import processes

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count in `team.workers` processes.

    Raises
    ------
    UnavailableError
        When this process has threads.
    """
    pool = team.pool(processes.prepare, method="fork")
    return processes.counted(pool, pairs, seed, team.workers), "a GIL each"
