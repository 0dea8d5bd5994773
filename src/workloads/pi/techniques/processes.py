"""Spawned processes: an interpreter and a GIL each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.pi import definition
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.harness.team import Team


def _prepare() -> None:
    """Nothing beyond this module's own imports, which come with its name."""


def compute(pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count in `team.workers` processes."""
    each = zip(*seeds(seed, pairs, team.workers), strict=True)
    pool = team.pool(_prepare)
    try:
        counts = run_all(pool, definition.seeded_hits, *each)
        return sum(count for _, count in counts), "a GIL each"
    except KeyboardInterrupt:
        # Of Python 3.14; an older one waits for the shares. A count is sent by
        # one call, so that none is cut off.
        getattr(pool, "terminate_workers", pool.shutdown)()
        raise
