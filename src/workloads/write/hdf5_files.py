"""Files of HDF5 whose full disk is an error with its reason, and no crash of Python."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import h5py

from hpcpy_common.errors import UnavailableError


class _NewFile(h5py.File):  # type: ignore[misc]
    """A file that one process writes: at once, and what cannot be written ends it."""

    def __init__(self, path: Any) -> None:
        # Each value is written once, so caches gain nothing. And what a cache cannot write when
        # h5py forgets a dataset is lost: a traceback is all that tells, or HDF5 1.14 crashes.
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
        access.set_sieve_buf_size(0)
        access.set_cache(0, 0, 0, 0.0)
        super().__init__(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fapl=access))

    def __exit__(self, *failure: Any) -> None:
        if failure[0]:
            self._drop()
        else:
            self.close()

    def close(self) -> None:
        if self.id.valid:
            try:
                # This does all that can fail, except for the closing itself.
                self.flush()
                super().close()
            except BaseException:
                self._drop()
                raise

    def _drop(self) -> None:
        # HDF5 keeps what it cannot write: closing the file, or Python's end, would crash. So
        # /dev/null gets it.
        with contextlib.suppress(OSError, RuntimeError):
            os.dup2(os.open(os.devnull, os.O_RDWR), self.id.get_vfd_handle())
            super().close()


@contextlib.contextmanager
def careful(*, by_ranks: bool) -> Iterator[None]:
    """Have `h5py.File(path, "w")` make such files; refuse ranks where h5py has no MPI."""
    if by_ranks and not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here", hint="run it in the image")
    own = h5py.File

    def opened(path: Any, mode: str = "r", **options: Any) -> Any:
        return _NewFile(path) if (mode, options) == ("w", {}) else own(path, mode, **options)

    h5py.File = opened
    try:
        yield
    finally:
        h5py.File = own
