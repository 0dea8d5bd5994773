"""Numba: generator and test in one loop, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.pi import philox
from workloads.pi.shares import pieces

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

_LIMIT, _SHIFT = philox.LIMIT, philox.SHIFT

_words = jit.njit("UniTuple(uint64, 4)(uint64, uint64)")(philox.words)


@jit.njit("int64(int64, int64, uint64)")
def count(first: int, end: int, key: int) -> int:
    """Count the hits among pairs `first` to `end` - 1 of the stream."""
    hits = 0
    for block in range(first >> 1, (end + 1) >> 1):
        w0, w1, w2, w3 = _words(np.uint64(block), np.uint64(key))
        x, y = np.float64(w0 >> _SHIFT), np.float64(w1 >> _SHIFT)
        hits += (x * x + y * y < _LIMIT) & (2 * block >= first)
        x, y = np.float64(w2 >> _SHIFT), np.float64(w3 >> _SHIFT)
        hits += (x * x + y * y < _LIMIT) & (2 * block + 1 < end)
    return hits


def count_all(wanted: range, key: int) -> int:
    """Count the hits among the `wanted` pairs, so that Ctrl-C is heard."""
    return sum(count(piece.start, piece.stop, key) for piece in pieces(wanted))


def compute(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    return count_all(range(pairs), seed), ""
