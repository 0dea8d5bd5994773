"""HDF5, one file with a dataset for each array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.write import hdf5_file
from workloads.write.field import Field
from workloads.write.files import HDF5, array_name
from workloads.write.reading import datasets as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write one file."""
    field = Field(series)
    with hdf5_file.new(folder / HDF5) as file:
        for t in range(series.n):
            file.create_dataset(array_name(t), data=field.array(t))
    return ""
