"""NumPy: its own generator, a chunk of the stream at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import philox_hits

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, _: Team) -> tuple[int, str]:
    """Count on one core."""
    return philox_hits(seed, range(pairs)), ""
