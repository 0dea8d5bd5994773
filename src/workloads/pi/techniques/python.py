"""Pure Python: one worker, one pair after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import seeded_hits

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, _: Team) -> tuple[int, str]:
    """Count on one core."""
    return seeded_hits(seed, pairs), ""
