"""The arrays by NumPy: the same operations in the same order, so the same bits."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array
    from workloads.write.definition import Series


class Field:
    """Computes one array after the other.

    Parameters
    ----------
    series
        The arrays' number and size.
    """

    def __init__(self, series: Series) -> None:
        self._n = series.n
        x = np.array(series.x) / 10
        y = np.array(series.y)[:, np.newaxis] / 10
        # The part that does not depend on t.
        self._base = x * x * y + y * y * x
        self._floor = np.empty_like(self._base)
        self._values = np.empty_like(self._base)

    def fill(self, t: int, out: Float64Array) -> Float64Array:
        """Compute array `t` in `out`, of shape (s, s), and return `out`."""
        np.add(self._base, t / self._n, out=out)
        np.floor(out, out=self._floor)
        np.subtract(out, self._floor, out=out)
        return out

    def array(self, t: int) -> Float64Array:
        """Return array `t`, of shape (s, s), valid until the next call."""
        return self.fill(t, self._values)


@functools.lru_cache(maxsize=1)
def of_worker(series: Series) -> Field:
    """Return the field that a worker process keeps from task to task."""
    return Field(series)
