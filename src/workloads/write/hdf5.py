"""HDF5: one file of all arrays, by one process or by all ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from workloads.write.definition import Series, shares
from workloads.write.numpy_ import coordinates, values


def datasets(series: Series, folder: Path) -> None:
    """Write a dataset for each array."""
    x, y = coordinates(series)
    with h5py.File(folder / "arrays.h5", "w") as file:
        for t in range(series.n):
            file.create_dataset(f"array-{t:06d}", data=values(x, y, t / series.n))


def single(series: Series, folder: Path) -> None:
    """Write one dataset of shape (n, s, s), a chunk for each array."""
    x, y = coordinates(series)
    with h5py.File(folder / "arrays.h5", "w") as file:
        arrays = new_dataset(file, series)
        for t in range(series.n):
            arrays[t] = values(x, y, t / series.n)


def new_dataset(file: Any, series: Series) -> Any:
    """Return a dataset of all arrays, each a chunk."""
    n, s = series.n, series.s
    # Not filled in advance, since every value is going to be written.
    return file.create_dataset("arrays", (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")


def parallel(series: Series, folder: Path, comm: Any) -> None:
    """Write the same dataset by all ranks, each its own arrays, through MPI-IO."""
    x, y = coordinates(series)
    path = folder / "arrays.h5"
    if comm.rank == 0:
        # MPICH's own way to create a file hangs when the first rank cannot close it.
        with h5py.File(path, "w") as file:
            new_dataset(file, series)
    comm.Barrier()
    with h5py.File(path, "r+", driver="mpio", comm=comm) as file:
        arrays = file["arrays"]
        for t in shares(series.n, comm.size)[comm.rank]:
            arrays[t] = values(x, y, t / series.n)


if __name__ == "__main__":
    single(Series(15, 100), Path.cwd())
