"""Files of HDF5 whose full disk is a line that names the reason, and no crash at Python's end.

One that all ranks write together takes the place of another when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from hpcpy_common import cleanup, signals
from hpcpy_common.errors import OutputError
from hpcpy_common.files import unfinished
from workloads.write import files

# How long a rank that is stopped leaves a file to the others, less than they live on.
_PASSED_SECONDS = 0.5


@contextlib.contextmanager
def output_errors(path: Path, option: str = files.OPTIONS) -> Iterator[None]:
    """Raise an OutputError of the system's error; the text of HDF5's and MPI-IO's has it within."""
    with files.output_errors(path, option):
        try:
            yield
        except (OSError, RuntimeError) as error:
            number = next((n for n in errno.errorcode if os.strerror(n) in str(error)), None)
            raise OSError(number, os.strerror(number) if number else str(error)) from error


@contextlib.contextmanager
def new_file(
    path: Path, name: Path | None = None, option: str = files.OPTIONS
) -> Iterator[h5py.h5f.FileID]:
    """Create what `h5py.File` is to open, which writes at once; flush and close it at the end.

    An error has the `name` that the file is going to have, if that is another one, and the
    `option` that gives it.
    """
    # Each value is written once, so caches gain nothing. And what a cache cannot write when
    # h5py forgets a dataset is lost: nobody learns of it, or Python crashes at its end.
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_sieve_buf_size(0)
    access.set_cache(0, 0, 0, 0.0)
    with output_errors(name or path, option):
        file = h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access))
        descriptor = file.id.get_vfd_handle()
        try:
            yield file.id
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
def replaced_by_all(path: Path, option: str, comm: Any, size: int) -> Iterator[Path]:
    """Give all ranks the name of a new file; when all are done, a rename makes it `path`."""
    is_first = comm.rank == 0
    # Before room is asked for: a killed run has left as much.
    new = unfinished(path) if is_first else path
    with output_errors(path, option):
        fault = _no_room(path, size) if is_first else ""
    fault, new = comm.bcast((fault, new))
    if fault:
        raise OutputError(f"{option} {path}: {fault}")
    try:
        # Every rank removes it: one that is stopped ends the others before they can.
        with cleanup.on_stop(new.unlink), output_errors(path, option):
            comm.Barrier()
            yield new
            # A rank that is stopped does not come here: nothing half written is renamed.
            comm.Barrier()
            if is_first:
                _sync(new)
                new.replace(path)
                _sync(path.parent)
    except BaseException as error:
        # A rank that is stopped leaves the file for a moment to others, which create or open
        # it. One that fails may miss the file for that reason: it lets the other end it first.
        time.sleep(_PASSED_SECONDS if signals.asked() else signals.SECONDS)
        with contextlib.suppress(OSError):
            new.unlink()
        # HDF5 drops a stop's exception, and then misses the file that the stop has removed.
        if signals.asked():
            raise KeyboardInterrupt from error
        raise


def _no_room(path: Path, size: int) -> str:
    """Return why a file of this size has no room, or an empty string.

    Asked before: of a disk that is full while all ranks write HDF5 does not recover.
    """
    free = shutil.disk_usage(path.parent).free
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if free < size:
        return f"{size / 1e6:,.1f} MB are needed at most, and {free / 1e6:,.1f} are free"
    return "" if limit < 0 or size < limit else f"the limit of a file's size is {limit:,} bytes"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
