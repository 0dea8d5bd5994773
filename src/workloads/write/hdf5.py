"""HDF5: one file of all arrays, by one process or by all ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from hpcpy_common.errors import UnavailableError
from workloads.write.definition import shares
from workloads.write.files import DATASET, HDF5, array_name, output_errors
from workloads.write.hdf5_files import new_file
from workloads.write.numpy_ import coordinates, values

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def datasets(series: Series, folder: Path, _: Workers) -> str:
    """Write a dataset for each array."""
    x, y = coordinates(series)
    with new_file(folder / HDF5) as created:
        file = h5py.File(created)
        for t in range(series.n):
            file.create_dataset(array_name(t), data=values(x, y, t / series.n))
    return ""


def single(series: Series, folder: Path, _: Workers) -> str:
    """Write one dataset of shape (n, s, s), a chunk for each array."""
    x, y = coordinates(series)
    with new_file(folder / HDF5) as created:
        file = h5py.File(created)
        arrays = new_dataset(file, series)
        for t in range(series.n):
            arrays[t] = values(x, y, t / series.n)
    return ""


def parallel(series: Series, folder: Path, workers: Workers) -> str:
    """Write the same dataset by all ranks, each its own arrays, through MPI-IO."""
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here")
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    x, y = coordinates(series)
    path = folder / HDF5
    with output_errors(path):
        if comm.rank == 0:
            # MPICH's own way to create a file hangs when the first rank cannot close it.
            with new_file(path) as created:
                new_dataset(h5py.File(created), series)
        comm.Barrier()
        with h5py.File(path, "r+", driver="mpio", comm=comm) as file:
            arrays = file[DATASET]
            for t in shares(series.n, comm.size)[comm.rank]:
                arrays[t] = values(x, y, t / series.n)
    return ""


def new_dataset(file: Any, series: Series) -> Any:
    """Return a dataset of all arrays, each a chunk."""
    n, s = series.n, series.s
    # Not filled in advance, since every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")
