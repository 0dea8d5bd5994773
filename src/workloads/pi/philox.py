"""Philox-4x64-10, for Numba to compile: on the CPU and for CUDA.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(SC11). NumPy counts blocks from 1; a block's four words make two pairs.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Words: TypeAlias = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

# The multipliers and their halves, and the steps of the key. All are unsigned:
# with a signed number Numba would go on in floating point.
_M0_LOW, _M0_HIGH = np.uint64(0xE14C6C93), np.uint64(0xD2E7470E)
_M1_LOW, _M1_HIGH = np.uint64(0x95121157), np.uint64(0xCA5A8263)
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ZERO, _ONE = np.uint64(0), np.uint64(1)

# A double is a word's upper 53 bits times 2^-53. The factor is left out: then
# a pair hits if x·x + y·y < LIMIT, with the same roundings.
SHIFT = np.uint64(11)
LIMIT = 2.0**106


def words(block: np.uint64, key: np.uint64) -> Words:
    """Return the four words of a block: numbers 4·block to 4·block + 3 of the stream."""
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
