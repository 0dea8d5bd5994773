"""NumPy: its own generator, a chunk of the stream at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import philox_hits

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    return philox_hits(seed, range(pairs)), ""
