"""Pure Python: one worker, one pair after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import seeded_hits

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    return seeded_hits(seed, pairs), ""
