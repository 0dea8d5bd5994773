"""HDF5: one file of all arrays, by one process or by all ranks."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py

from hpcpy_common.errors import UnavailableError
from workloads.write.definition import shares
from workloads.write.files import DATASET, HDF5, array_name, output_errors
from workloads.write.numpy_ import coordinates, values

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def datasets(series: Series, folder: Path, _: Workers) -> str:
    """Write a dataset for each array."""
    x, y = coordinates(series)
    with output_errors(folder / HDF5), _new_file(folder / HDF5) as file:
        for t in range(series.n):
            file.create_dataset(array_name(t), data=values(x, y, t / series.n))
    return ""


def single(series: Series, folder: Path, _: Workers) -> str:
    """Write one dataset of shape (n, s, s), a chunk for each array."""
    x, y = coordinates(series)
    with output_errors(folder / HDF5), _new_file(folder / HDF5) as file:
        arrays = _new_dataset(file, series)
        for t in range(series.n):
            arrays[t] = values(x, y, t / series.n)
    return ""


def parallel(series: Series, folder: Path, workers: Workers) -> str:
    """Write the same dataset by all ranks, each its own arrays, through MPI-IO."""
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here")
    comm, (x, y) = workers.comm, coordinates(series)
    path = folder / HDF5
    with output_errors(path), _system_errors():
        if comm.rank == 0:
            # MPICH's own way to create a file hangs when the first rank cannot close it.
            with _new_file(path) as file:
                _new_dataset(file, series)
        comm.Barrier()
        with h5py.File(path, "r+", driver="mpio", comm=comm) as file:
            arrays = file[DATASET]
            for t in shares(series.n, comm.size)[comm.rank]:
                arrays[t] = values(x, y, t / series.n)
    return ""


def _new_dataset(file: Any, series: Series) -> Any:
    n, s = series.n, series.s
    # Not filled in advance, since every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """Give a new file, flushed and closed at the end."""
    # Each value is written once, so caches gain nothing. And if a cached value
    # cannot be written later, nobody learns of it, or Python crashes at its end.
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    access.set_cache(0, 0, 0, 0.0)
    with _system_errors():
        file = h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access))
        descriptor = file.id.get_vfd_handle()
        try:
            yield file
            # This does all that can fail, except for the closing itself.
            file.flush()
            file.close()
        except BaseException:
            # HDF5 keeps what it cannot write at the end: then HDF5 1.14 crashes when Python
            # ends, or h5py reports it in a destructor. So it gets the device /dev/null.
            with contextlib.suppress(OSError, RuntimeError):
                os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
                file.close()
            raise


@contextlib.contextmanager
def _system_errors() -> Iterator[None]:
    """Raise the system's error in place of one of HDF5 or MPI-IO, whose text has it within."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = next((n for n in errno.errorcode if os.strerror(n) in str(error)), None)
        raise OSError(number, os.strerror(number) if number else str(error)) from error
