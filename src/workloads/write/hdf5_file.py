"""HDF5 files of the arrays.

A Ctrl-C that meets one of h5py's calls is held back to its end: most of them
drop identifiers, and what is raised in a destructor Python ignores.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py

from workloads.harness.files import hdf5_errors
from workloads.harness.interrupts import held_back
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
        When it could not be written.
    """
    with completed(path) as temporary:
        with held_back():
            file = h5py.File(_create(temporary))
        try:
            yield file
            # All that can fail but the end itself.
            with held_back():
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
    # Each value is written once: nothing is gained by keeping it first, and
    # what cannot be written later is told nobody, or Python crashes at its end.
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    access.set_cache(0, 0, 0, 0.0)
    return h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access)


def drop(file: Any, path: Path) -> None:
    """Close a file that is to be removed: HDF5 writes the rest of it to nowhere.

    What it cannot write at the end it keeps, and HDF5 1.14 crashes over that
    when Python ends, or h5py reports it in a destructor.
    """
    with contextlib.suppress(OSError, RuntimeError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in _open_on(path):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        file.close()


def _open_on(path: Path) -> list[int]:
    """Return this process's descriptors of a file: those of MPI's library, too."""
    wanted, found = path.stat(), []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  (numbers, no paths)
        # The one that the list was read from is closed by now.
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(int(name)), wanted):
                found.append(int(name))
    return found


def dataset(file: Any, series: Series) -> Any:
    """Return a new dataset (n, s, s), an array a chunk."""
    n, s = series.n, series.s
    # Nothing is filled in advance: every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")
