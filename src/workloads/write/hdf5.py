"""HDF5: one file of all arrays, by one process or by all ranks."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from workloads.errors import UnavailableError
from workloads.parallel import ranks, signals
from workloads.write.definition import shares
from workloads.write.files import (
    DATASET,
    HDF5,
    OTHER_SECONDS,
    array_name,
    completed,
    not_written,
    output_errors,
    temporary,
)
from workloads.write.numpy_ import Field

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

# Bytes of arrays that a rank writes in one call: every call waits for the slowest
# rank, and long if that one's core is shared.
_BATCH_BYTES = 64 << 20


def datasets(series: Series, folder: Path, _: Workers) -> str:
    """Write a dataset for each array."""
    field = Field(series)
    with completed(folder / HDF5) as path, _new_file(path) as file:
        for t in range(series.n):
            file.create_dataset(array_name(t), data=field.array(t))
    return ""


def single(series: Series, folder: Path, _: Workers) -> str:
    """Write one dataset of shape (n, s, s), a chunk for each array."""
    field = Field(series)
    with completed(folder / HDF5) as path, _new_file(path) as file:
        arrays = _new_dataset(file, series)
        for t in range(series.n):
            arrays[t] = field.array(t)
    return ""


def parallel(series: Series, folder: Path, workers: Workers) -> str:
    """Write the same dataset by all ranks together, through MPI-IO."""
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here")
    comm, path = workers.comm, folder / HDF5
    with output_errors(path), _errors_end_all(path, comm):
        if comm.rank == 0:
            # MPICH's own way to create a file hangs when the first rank cannot close it.
            with _new_file(temporary(path)) as file:
                _new_dataset(file, series)
        comm.Barrier()
        file = h5py.File(temporary(path), "r+", driver="mpio", comm=comm)
        _write_share(file[DATASET], series, comm)
        file.close()
        if comm.rank == 0:
            temporary(path).replace(path)
    return ""


@contextlib.contextmanager
def _errors_end_all(path: Path, comm: Any) -> Iterator[None]:
    """Have errors of MPI-IO end all ranks: HDF5 would wait for the others to close the file."""
    from mpi4py import MPI  # noqa: PLC0415

    def end(_: Any, code: int) -> None:
        failure = not_written(path, _system_error(OSError(MPI.Get_error_string(code))))
        try:
            # Only one rank can rename it, and says why.
            temporary(path).rename(path.with_name(".failed"))
        except OSError:
            time.sleep(OTHER_SECONDS)
        signals.clean_up()
        print(f"write: {failure}", file=sys.stderr)
        ranks.abort(comm, failure.exit_code)

    # A file gets the handler that FILE_NULL has when the file is opened.
    former = MPI.FILE_NULL.Get_errhandler()
    handler = MPI.File.Create_errhandler(end)
    MPI.FILE_NULL.Set_errhandler(handler)
    try:
        yield
    finally:
        MPI.FILE_NULL.Set_errhandler(former)
        handler.Free()


def _write_share(dataset: Any, series: Series, comm: Any) -> None:
    field, mine = Field(series), shares(series.n, comm.size)[comm.rank]
    longest = -(-series.n // comm.size)
    batch = max(1, min(_BATCH_BYTES // series.array_bytes, longest))
    values = np.empty((batch, series.s, series.s))
    for first in range(0, longest, batch):
        numbers = mine[first : first + batch]
        for index, t in enumerate(numbers):
            values[index] = field.array(t)
        if numbers:
            with dataset.collective:
                dataset[numbers.start : numbers.stop] = values[: len(numbers)]
        else:
            _write_nothing(dataset)


def _write_nothing(dataset: Any) -> None:
    """Take part in what all ranks write: by h5py's indexing a rank without work would not."""
    nothing = dataset.id.get_space()
    nothing.select_none()
    transfer = h5py.h5p.create(h5py.h5p.DATASET_XFER)
    transfer.set_dxpl_mpio(h5py.h5fd.MPIO_COLLECTIVE)
    dataset.id.write(nothing, nothing, np.empty(0), dxpl=transfer)


def _new_dataset(file: Any, series: Series) -> Any:
    n, s = series.n, series.s
    # Not filled in advance, since every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """Give a new file; its errors are the system's."""
    # Each value is written once, so caches gain nothing. And if a cached value
    # cannot be written later, nobody learns of it, or Python crashes at its end.
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    access.set_cache(0, 0, 0, 0.0)
    try:
        file = h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access))
        descriptor = file.id.get_vfd_handle()
        try:
            yield file
            # This does all that can fail, except for the closing itself.
            file.flush()
            file.close()
        except BaseException:
            _drop(file, descriptor)
            raise
    except (OSError, RuntimeError) as error:
        raise _system_error(error) from error


def _drop(file: Any, descriptor: int) -> None:
    """Close a file that is to be removed: HDF5 writes the rest of it to /dev/null.

    HDF5 keeps what it cannot write at the end: then HDF5 1.14 crashes when
    Python ends, or h5py reports it in a destructor.
    """
    with contextlib.suppress(OSError, RuntimeError):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
        file.close()


def _system_error(error: Exception) -> OSError:
    """Return the system's error, whose text is within that of HDF5 or MPI-IO."""
    said = str(error)
    number = next((n for n in errno.errorcode if os.strerror(n) in said), None)
    return OSError(number, os.strerror(number) if number else said)
