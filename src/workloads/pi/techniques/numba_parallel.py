"""Numba with threads: the parts' counts are summed up by prange."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.pi.shares import parts, pieces
from workloads.pi.techniques.numba_scalar import count

if TYPE_CHECKING:
    import numpy.typing as npt

    from workloads.parallel.workers import Workers


@jit.njit("int64(int64[::1], uint64)", parallel=True)
def _count(bounds: npt.NDArray[np.int64], key: int) -> int:
    hits = 0
    for part in jit.numba.prange(len(bounds) - 1):
        hits += count(bounds[part], bounds[part + 1], key)
    return hits


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    jit.use_threads(workers.count)
    hits = 0
    # Parts are dealt out one by one: a thread that loses its core for a while
    # holds up only its own part.
    with jit.numba.parallel_chunksize(1):
        for piece in pieces(range(pairs)):
            bounds = [part.stop for part in parts(len(piece), workers.count)]
            hits += _count(piece.start + np.array([0, *bounds]), seed)
    return hits, f"{jit.numba.threading_layer()} threads"
