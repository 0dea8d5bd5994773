"""MPI: a share of the Philox stream to each rank, counted by Numba's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.shares import shares
from workloads.pi.techniques.numba_scalar import count_all

if TYPE_CHECKING:
    from workloads.harness.team import Team


def compute(pairs: int, seed: int, team: Team) -> tuple[int, str]:
    """Count on every rank."""
    mine = shares(pairs, team.comm.size)[team.comm.rank]
    # On the other ranks there is no sum.
    return team.comm.reduce(count_all(mine, seed)) or 0, ""
