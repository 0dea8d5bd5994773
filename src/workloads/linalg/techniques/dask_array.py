"""Dask's array in threads: pieces of NumPy's, which release the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask
import dask.array as da

from workloads.linalg.definition import mean_of

if TYPE_CHECKING:
    from workloads.harness.team import Team
    from workloads.linalg.problems import Mean

# A piece for each worker would leave those idle that are done first.
_PIECES = 4


def mean(problem: Mean, team: Team) -> tuple[float, str]:
    """Ask Dask."""
    chunk = -(-problem.n // (_PIECES * team.workers))
    with dask.config.set(scheduler="threads", num_workers=team.workers):
        found, by = mean_of(da.arange(problem.n, dtype="f8", chunks=chunk))
    return found, f"{by}, pieces of {chunk:,}"
