"""Python's loops, value by value; a text file for each array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.write.files import array_name, new_file

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def text(series: Series, folder: Path, _: Workers) -> str:
    """Write pure Python's numbers, as savetxt lays them out."""
    # 18 digits after the point, savetxt's default: 16 are enough to read the same
    # double again.
    line = " ".join(["%.18e"] * series.s) + "\n"
    for t in range(series.n):
        with new_file(folder / f"{array_name(t)}.txt", "w") as file:
            for y in series.y:
                file.write(line % tuple(series.row(t, y)))
    return ""


def loops(series: Series, folder: Path, _: Workers) -> str:
    """Write by savetxt what loops over NumPy's numbers compute: the talk's first program.

    Each value takes a call and sets an item of an array: nine tenths of the time.
    """
    import numpy as np  # noqa: PLC0415

    x, y = np.array(series.x, float), np.array(series.y, float)
    for t in range(series.n):
        values = np.zeros((series.s, series.s))
        for row in range(series.s):
            for column in range(series.s):
                values[row, column] = _value(x[column], y[row], t / series.n)
        with new_file(folder / f"{array_name(t)}.txt", "w") as file:
            np.savetxt(file, values)
    return ""


def _value(x: np.float64, y: np.float64, shift: float) -> np.float64:
    a, b = x / 10, y / 10
    # Not ** 2: NumPy calls the C library's pow, whose last bit may differ.
    return (a * a * b + b * b * a + shift) % 1
