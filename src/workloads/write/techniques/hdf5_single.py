"""HDF5, one file with one dataset of shape (n, s, s), a chunk for each array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.write import hdf5_file
from workloads.write.field import Field
from workloads.write.files import HDF5
from workloads.write.reading import dataset as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write one file."""
    field = Field(series)
    with hdf5_file.new(folder / HDF5) as file:
        arrays = hdf5_file.dataset(file, series)
        for t in range(series.n):
            arrays[t] = field.array(t)
    return ""
