"""Numba: generator and test in one compiled loop, on one core, in threads, on MPI's ranks.

Philox-4x64-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.bench import jit
from workloads.pi.definition import parts, shares

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# The multipliers and their halves, and the steps of the key; unsigned, as with a signed
# number Numba would go on in floating point.
_M0_LOW, _M0_HIGH = np.uint64(0xE14C6C93), np.uint64(0xD2E7470E)
_M1_LOW, _M1_HIGH = np.uint64(0x95121157), np.uint64(0xCA5A8263)
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ZERO, _ONE = np.uint64(0), np.uint64(1)

# A double is a word's upper 53 bits times 2^-53. The factor is left out: then a pair hits
# if x·x + y·y < LIMIT, with the same roundings.
SHIFT, LIMIT = np.uint64(11), 2.0**106


@jit.njit("UniTuple(uint64, 4)(uint64, uint64)")
def words(block: np.uint64, key: np.uint64) -> Any:
    """Return the four words of a block, which make two pairs; NumPy counts blocks from 1."""
    c0, c1, c2, c3 = block + _ONE, _ZERO, _ZERO, _ZERO
    k0, k1 = key, _ZERO
    for _ in range(10):
        # The upper halves of two products of 64 by 64 bits, by four of 32 by 32 each.
        low, high = c0 & _LOW, c0 >> _HALF
        middle = high * _M0_LOW + ((low * _M0_LOW) >> _HALF)
        cross = low * _M0_HIGH + (middle & _LOW)
        high0 = high * _M0_HIGH + (middle >> _HALF) + (cross >> _HALF)
        low, high = c2 & _LOW, c2 >> _HALF
        middle = high * _M1_LOW + ((low * _M1_LOW) >> _HALF)
        cross = low * _M1_HIGH + (middle & _LOW)
        high1 = high * _M1_HIGH + (middle >> _HALF) + (cross >> _HALF)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, c2 * _M1, high0 ^ c3 ^ k1, c0 * _M0
        k0, k1 = k0 + _W0, k1 + _W1
    return c0, c1, c2, c3


@jit.njit("int64(int64, int64, int64, uint64)")
def _hits_of_block(block: int, first: int, end: int, key: int) -> Any:
    w0, w1, w2, w3 = words(np.uint64(block), np.uint64(key))
    x, y = np.float64(w0 >> SHIFT), np.float64(w1 >> SHIFT)
    u, v = np.float64(w2 >> SHIFT), np.float64(w3 >> SHIFT)
    even = (x * x + y * y < LIMIT) & (2 * block >= first)
    return even + ((u * u + v * v < LIMIT) & (2 * block + 1 < end))


@jit.njit("int64(int64, int64, uint64)")
def count(first: int, end: int, key: int) -> int:
    """Count the hits among pairs `first` to `end` - 1 of the stream."""
    hits = 0
    for block in range(first >> 1, (end + 1) >> 1):
        hits += _hits_of_block(block, first, end, key)
    return hits


@jit.njit("int64(int64, int64, uint64)", parallel=True)
def count_in_threads(first: int, end: int, key: int) -> int:
    """Count as `count` does: `prange` shares out the blocks and sums up."""
    hits = 0
    for block in jit.numba.prange(first >> 1, (end + 1) >> 1):
        hits += _hits_of_block(block, first, end, key)
    return hits


def numba(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    return sum(count(part.start, part.stop, seed) for part in parts(range(pairs))), ""


def numba_parallel(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    jit.use_threads(workers.count)
    hits = sum(count_in_threads(part.start, part.stop, seed) for part in parts(range(pairs)))
    return hits, f"{jit.numba.threading_layer()} threads"


def mpi_numba(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count each rank's share; the sum is on rank 0, and 0 on the others."""
    mine = shares(range(pairs), workers.comm.size)[workers.comm.rank]
    hits = sum(count(part.start, part.stop, seed) for part in parts(mine))
    return workers.comm.reduce(hits) or 0, ""  # None on the other ranks
