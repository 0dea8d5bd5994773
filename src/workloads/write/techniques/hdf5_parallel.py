"""HDF5 by MPI-IO: all ranks write one file collectively."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from workloads.bench.files import hdf5_errors
from workloads.errors import UnavailableError
from workloads.parallel import ranks, signals
from workloads.write import failing_end, hdf5_file
from workloads.write.definition import shares
from workloads.write.field import Field
from workloads.write.files import HDF5, StuckError, completed, not_written, temporary
from workloads.write.reading import dataset as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]

# Bytes of arrays that a rank writes in one call: every call waits for the slowest
# rank, and long if that one's core is shared.
_BATCH_BYTES = 64 << 20
# Seconds that a rank that cannot write waits for the others to find out that they
# cannot either.
_FAILED_SECONDS = 2.0


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write one file.

    Raises
    ------
    UnavailableError
        When h5py is built without MPI.
    OutputError
        When no rank can write.
    StuckError
        When this rank cannot write, and others wait for it.
    """
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here")
    comm, path = workers.comm, folder / HDF5

    def fail(reason: str) -> None:
        failure = not_written(path, _brief(OSError(reason)))
        _leave_it_to_the_first(temporary(path))
        signals.clean_up()
        print(f"write: {failure}", file=sys.stderr)
        ranks.abort(comm, failure.exit_code)

    file = None
    try:
        with failing_end.watched(fail) as end:
            _create(temporary(path), comm)
            file = h5py.File(temporary(path), "r+", driver="mpio", comm=comm)
            _write(hdf5_file.dataset(file, series), series, comm)
            end()
            file.close()
    except (OSError, RuntimeError) as error:
        failure = not_written(path, _brief(error))
        if not ranks.idle_barrier(comm, _FAILED_SECONDS):
            # The file stays open: closing it would wait for the others, too.
            _leave_it_to_the_first(temporary(path))
            raise StuckError(str(failure)) from error
        if file is not None:
            hdf5_file.drop(file, temporary(path))
        raise failure from error
    if comm.rank == 0:
        with completed(path):
            # All ranks have written and closed it: only its name is missing.
            pass
    return ""


def _create(path: Path, comm: Any) -> None:
    """Create the file on the first rank; raise on every rank if it cannot.

    MPICH's own way to create one hangs when the first rank cannot close it.
    """
    failure = None
    if comm.rank == 0:
        try:
            with hdf5_errors():
                h5py.File(path, "w").close()
        except OSError as error:
            failure = error
    failure = comm.bcast(failure)
    if failure is not None:
        raise failure


def _leave_it_to_the_first(path: Path) -> None:
    """Return in the first rank that calls this, which ends all; let the others wait."""
    try:
        # Only one rank can rename the file, and it can on a full disk.
        path.rename(path.with_name(f"{path.name}.failed"))
    except OSError:
        time.sleep(_FAILED_SECONDS)


def _brief(error: Exception) -> OSError:
    """Return an error without the stack that MPI's file library has put into its text."""
    if isinstance(error, OSError) and error.errno:
        return error
    found = re.search(r"I/O error (?!,)([^']*)", str(error))
    if not found:
        return OSError(str(error).splitlines()[0])
    number = next((n for n in errno.errorcode if os.strerror(n) == found[1]), None)
    return OSError(number, found[1]) if number else OSError(found[1])


def _write(dataset: Any, series: Series, comm: Any) -> None:
    from h5py import h5fd, h5p, h5s  # noqa: PLC0415

    collective = h5p.create(h5p.DATASET_XFER)
    collective.set_dxpl_mpio(h5fd.MPIO_COLLECTIVE)
    field, side = Field(series), series.s
    parts = shares(series.n, comm.size)
    batch = max(1, min(_BATCH_BYTES // series.array_bytes, len(parts[-1])))
    values = np.empty((batch, side, side))
    mine, longest = parts[comm.rank], max(map(len, parts))
    space, memory = dataset.id.get_space(), h5s.create_simple(values.shape)
    for first in range(0, longest, batch):
        wanted = mine[first : first + batch]
        for index, t in enumerate(wanted):
            field.fill(t, values[index])
        if wanted:
            shape = (len(wanted), side, side)
            space.select_hyperslab((wanted.start, 0, 0), shape)
            memory.select_hyperslab((0, 0, 0), shape)
        else:
            # A rank without work has to take part; by h5py's indexing it would
            # not.
            space.select_none()
            memory.select_none()
        dataset.id.write(memory, space, values, dxpl=collective)
