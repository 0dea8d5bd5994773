"""Subinterpreters: a GIL each, in the threads of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.harness.pools import subinterpreters
from workloads.pi.definition import seeded_hits
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count in `team.workers` subinterpreters."""
    each = zip(*seeds(seed, pairs, team.workers), strict=True)
    counts = run_all(team.hold(subinterpreters), seeded_hits, *each)
    return sum(count for _, count in counts), "a GIL each"
