"""The talk's first program: Python's loops over NumPy's numbers, savetxt writes.

Each value takes a call and sets an item of an array: nine tenths of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.files import array_name, completed
from workloads.write.reading import text as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def _value(x: np.float64, y: np.float64, shift: float) -> np.float64:
    a, b = x / 10, y / 10
    # Not ** 2: NumPy calls the C library's pow, whose last bit may differ.
    return (a * a * b + b * b * a + shift) % 1


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write `series.n` text files."""
    x, y = np.array(series.x, float), np.array(series.y, float)
    for t in range(series.n):
        values = np.zeros((series.s, series.s))
        for row in range(series.s):
            for column in range(series.s):
                values[row, column] = _value(x[column], y[row], t / series.n)
        path = folder / f"{array_name(t)}.txt"
        with completed(path) as temporary, temporary.open("w") as file:
            np.savetxt(file, values)
    return ""
