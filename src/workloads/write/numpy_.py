"""NumPy: whole arrays at once, the same operations in the same order, so the same bits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from workloads.write.files import RAW, array_name, new_file

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def coordinates(series: Series) -> tuple[Float64Array, Float64Array]:
    """Return x and y of each value, two arrays of shape (s, s)."""
    x, y = np.meshgrid(np.array(series.x, float), np.array(series.y, float))
    return x, y


def values(x: Float64Array, y: Float64Array, shift: float) -> Float64Array:
    """Compute an array from its coordinates: for each one the whole formula, as the slides do."""
    a, b = x / 10, y / 10
    v = a * a * b + b * b * a + shift
    return v - np.floor(v)


def vectorized(series: Series, folder: Path, _: Workers) -> str:
    """Write a text file for each array."""
    x, y = coordinates(series)
    for t in range(series.n):
        with new_file(folder / f"{array_name(t)}.txt", "w") as file:
            np.savetxt(file, values(x, y, t / series.n))
    return ""


def npy(series: Series, folder: Path, _: Workers) -> str:
    """Write a binary file for each array."""
    begin, opening = time.perf_counter(), 0.0
    x, y = coordinates(series)
    for t in range(series.n):
        array = values(x, y, t / series.n)
        opens = time.perf_counter()
        with new_file(folder / f"{array_name(t)}.npy") as file:
            opening += time.perf_counter() - opens
            np.save(file, array)
    # The talk asks how much of the time is spent waiting for open.
    return f"{opening / (time.perf_counter() - begin):.0%} of it opens files"


def raw(series: Series, folder: Path, _: Workers) -> str:
    """Write one file of nothing but the doubles: the yardstick."""
    x, y = coordinates(series)
    with new_file(folder / RAW) as file:
        for t in range(series.n):
            file.write(values(x, y, t / series.n).data)
    return ""
