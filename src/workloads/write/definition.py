"""The arrays that every technique writes, to the last bit.

Array t of n has the value of row y and column x, whole numbers::

    v = (x/10)²·(y/10) + (y/10)²·(x/10) + t/n        value = v − floor(v)

in doubles, evaluated from left to right, each operation rounded: a fused
multiply-add would give other last bits. x are the s numbers from −(s//2), and y
the s numbers from 500 − s//2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Names of files have six digits.
MOST_ARRAYS = 1_000_000
# 2.05 GB: MPI counts fewer than 2³¹ bytes in a message, HDF5 fewer than 2³²
# in a chunk.
MOST_SIDE = 16_000


@dataclass(frozen=True)
class Series:
    """`n` arrays of `s` × `s` doubles."""

    n: int
    s: int

    @property
    def array_bytes(self) -> int:
        """The bytes of one array."""
        return 8 * self.s * self.s

    @property
    def bytes(self) -> int:
        """The bytes of all arrays."""
        return self.n * self.array_bytes

    @property
    def x(self) -> range:
        """The numbers x of the columns."""
        return range(-(self.s // 2), self.s - self.s // 2)

    @property
    def y(self) -> range:
        """The numbers y of the rows."""
        return range(500 - self.s // 2, 500 - self.s // 2 + self.s)

    def row(self, t: int, y: int) -> list[float]:
        """Return row `y` of array `t`, computed value by value."""
        b = y / 10
        shift = t / self.n
        values = []
        for x in self.x:
            a = x / 10
            # Not ** 2: Python calls the C library's pow, whose last bit may differ.
            v = a * a * b + b * b * a + shift
            values.append(v - math.floor(v))
        return values


def shares(n: int, workers: int) -> list[range]:
    """Return each worker's neighbouring arrays, shared as evenly as possible."""
    bounds = [n * worker // workers for worker in range(workers + 1)]
    return [range(bounds[w], bounds[w + 1]) for w in range(workers)]
