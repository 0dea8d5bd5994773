"""HDF5 files of the arrays."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py

from workloads.bench.files import hdf5_errors
from workloads.write.files import DATASET, completed

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.write.definition import Series


@contextlib.contextmanager
def new(path: Path) -> Iterator[Any]:
    """Give a file that gets the name `path` once it is closed.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    with completed(path) as temporary:
        file = h5py.File(_create(temporary))
        try:
            yield file
            # This does all that can fail, except for the closing itself.
            file.flush()
        except BaseException:
            drop(file, temporary)
            raise
        try:
            with hdf5_errors():
                file.close()
        except OSError:
            drop(file, temporary)
            raise


def _create(path: Path) -> Any:
    # Each value is written once, so caches gain nothing. And if a cached value
    # cannot be written later, nobody learns of it, or Python crashes at its end.
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    access.set_cache(0, 0, 0, 0.0)
    return h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access)


def drop(file: Any, path: Path) -> None:
    """Close a file that is to be removed: HDF5 writes the rest of it to /dev/null.

    HDF5 keeps what it cannot write at the end: then HDF5 1.14 crashes when
    Python ends, or h5py reports it in a destructor.
    """
    with contextlib.suppress(OSError, RuntimeError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in _open_on(path):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        file.close()


def _open_on(path: Path) -> list[int]:
    """Return this process's descriptors of a file, those of the MPI library included."""
    wanted, found = path.stat(), []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (numbers, no paths)
        # The descriptor that the list was read from is closed by now.
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(int(name)), wanted):
                found.append(int(name))
    return found


def dataset(file: Any, series: Series) -> Any:
    """Return a new dataset of doubles, of shape (n, s, s), with a chunk for each array."""
    n, s = series.n, series.s
    # Not filled in advance, since every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")
