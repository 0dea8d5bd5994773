"""Files of HDF5 whose full disk is a line that names the reason, and no crash at Python's end."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from workloads.write import files


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
    with files.output_errors(name or path, option):
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
