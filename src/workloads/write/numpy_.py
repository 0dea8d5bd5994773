"""NumPy: whole arrays at once, the same operations in the same order, so the same bits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workloads.write.definition import Series

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array


def loops(series: Series, folder: Path) -> None:
    """Write by savetxt what loops over NumPy's numbers compute: the talk's first program.

    Each value takes a call and sets an item of an array: nine tenths of the time.
    """
    x, y = np.array(series.x, float), np.array(series.y, float)
    for t in range(series.n):
        array = np.zeros((series.s, series.s))
        for row in range(series.s):
            for column in range(series.s):
                array[row, column] = value(x[column], y[row], t / series.n)
        np.savetxt(folder / f"array-{t:06d}.txt", array)


def value(x: np.float64, y: np.float64, shift: float) -> np.float64:
    """Compute one number of an array."""
    a, b = x / 10, y / 10
    # Not ** 2: NumPy calls the C library's pow, whose last bit may differ.
    return (a * a * b + b * b * a + shift) % 1


def coordinates(series: Series) -> tuple[Float64Array, Float64Array]:
    """Return x and y of each value, two arrays of shape (s, s)."""
    x, y = np.meshgrid(np.array(series.x, float), np.array(series.y, float))
    return x, y


def values(x: Float64Array, y: Float64Array, shift: float) -> Float64Array:
    """Compute an array from its coordinates: for each one the whole formula, as the slides do."""
    a, b = x / 10, y / 10
    v = a * a * b + b * b * a + shift
    return v - np.floor(v)


def vectorized(series: Series, folder: Path) -> None:
    """Write a text file for each array."""
    x, y = coordinates(series)
    for t in range(series.n):
        np.savetxt(folder / f"array-{t:06d}.txt", values(x, y, t / series.n))


def npy(series: Series, folder: Path) -> None:
    """Write a binary file for each array."""
    save(series, folder, range(series.n))


def save(series: Series, folder: Path, numbers: Iterable[int]) -> None:
    """Do so for some of the arrays: what processes and ranks call."""
    x, y = coordinates(series)
    for t in numbers:
        np.save(folder / f"array-{t:06d}.npy", values(x, y, t / series.n))


def raw(series: Series, folder: Path) -> None:
    """Write one file of nothing but the doubles: the yardstick."""
    x, y = coordinates(series)
    with (folder / "arrays.raw").open("wb") as file:
        for t in range(series.n):
            file.write(values(x, y, t / series.n).data)


if __name__ == "__main__":
    npy(Series(15, 100), Path.cwd())
