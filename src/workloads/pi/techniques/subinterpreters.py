"""Subinterpreters: a GIL each, in the threads of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.pools import subinterpreters
from workloads.pi.definition import seeded_hits
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count in `team.workers` subinterpreters."""
    each = zip(*seeds(seed, pairs, team.workers), strict=True)
    return sum(team.hold(subinterpreters).map(seeded_hits, *each)), "a GIL each"
