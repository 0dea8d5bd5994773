"""MPI: a share of the Philox stream to each rank, counted by Numba's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.shares import shares
from workloads.pi.techniques.numba_scalar import count_all

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count each rank's share; the sum is on rank 0, and 0 on the others."""
    mine = shares(pairs, workers.comm.size)[workers.comm.rank]
    # reduce returns None on the other ranks.
    return workers.comm.reduce(count_all(mine, seed)) or 0, ""
