"""MPI: a share to each rank, the counts summed up on the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import seeded_hits
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count each rank's share; the sum is on rank 0, and 0 on the others."""
    mine = seeded_hits(*seeds(seed, pairs, workers.comm.size)[workers.comm.rank])
    # reduce returns None on the other ranks.
    return workers.comm.reduce(mine) or 0, ""
