"""HDF5 files of the arrays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import h5py

from workloads.write.files import DATASET, not_written, whole_file

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
    with whole_file(path) as temporary:
        # No cache of chunks: each is written once and whole. And what cannot be
        # written would stay there, which HDF5 1.14 crashes on when Python ends.
        file = h5py.File(temporary, "w", rdcc_nbytes=0)
        try:
            yield file
        except BaseException:
            # It is the first failure that is to be told.
            with contextlib.suppress(OSError, RuntimeError):
                file.close()
            raise
        try:
            file.close()
        except RuntimeError as error:
            # As h5py says it when the last of the file could not be written.
            raise not_written(path, OSError(str(error).splitlines()[0])) from error


def dataset(file: Any, series: Series) -> Any:
    """Return a new dataset (n, s, s), an array a chunk."""
    n, s = series.n, series.s
    # Nothing is filled in advance: every value is going to be written.
    return file.create_dataset(DATASET, (n, s, s), "<f8", chunks=(1, s, s), fill_time="never")
