"""NumPy: whole arrays at once, the same operations in the same order, so the same bits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from workloads.write.files import RAW, array_name, completed

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


class Field:
    """Computes one array of a series after the other."""

    def __init__(self, series: Series) -> None:
        self._n = series.n
        x = np.array(series.x) / 10
        y = np.array(series.y)[:, np.newaxis] / 10
        # The part that does not depend on t.
        self._base = x * x * y + y * y * x
        self._floor = np.empty_like(self._base)
        self._values = np.empty_like(self._base)

    def array(self, t: int) -> Float64Array:
        """Return array `t`, of shape (s, s), valid until the next call."""
        np.add(self._base, t / self._n, out=self._values)
        np.floor(self._values, out=self._floor)
        return np.subtract(self._values, self._floor, out=self._values)


def vectorized(series: Series, folder: Path, _: Workers) -> str:
    """Write a text file for each array."""
    field = Field(series)
    for t in range(series.n):
        path = folder / f"{array_name(t)}.txt"
        with completed(path) as temporary, temporary.open("w") as file:
            np.savetxt(file, field.array(t))
    return ""


def npy(series: Series, folder: Path, _: Workers) -> str:
    """Write a binary file for each array."""
    begin = time.perf_counter()
    field, opening = Field(series), 0.0
    for t in range(series.n):
        opening += save(folder, t, field.array(t))
    # The talk asks how much of the time is spent waiting for open.
    return f"{opening / (time.perf_counter() - begin):.0%} of it opens files"


def save(folder: Path, t: int, values: Float64Array) -> float:
    """Write array `t` into a file of its own; return the seconds that opening it took."""
    with completed(folder / f"{array_name(t)}.npy") as temporary:
        begin = time.perf_counter()
        with temporary.open("wb") as file:
            opened = time.perf_counter()
            # np.save(file, values), which on a full disk cuts a small array short without an
            # error (NumPy 2.5): it writes through a C stream.
            header = np.lib.format.header_data_from_array_1_0(values)
            np.lib.format.write_array_header_1_0(file, header)
            file.write(values.data)
    return opened - begin


def raw(series: Series, folder: Path, _: Workers) -> str:
    """Write one file of nothing but the doubles: the yardstick."""
    field = Field(series)
    with completed(folder / RAW) as temporary, temporary.open("wb") as file:
        for t in range(series.n):
            file.write(field.array(t).data)
    return ""
