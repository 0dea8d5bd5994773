"""The end of an HDF5 file of several ranks: a rank that cannot write it ends all of them.

HDF5 closes its file although it could not write the last metadata: the rank then waits in
MPI_File_close, and the others in a barrier before that, for ever.  MPI-IO calls an error
handler before.  A flush would find the error, too, but waits for the disk.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def watched(fail: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Report errors of MPI-IO while files that were opened in this context are closed.

    Parameters
    ----------
    fail
        Called with MPI's text of an error; it ends this process.

    Yields
    ------
    callable
        To be called before the file is closed: HDF5 itself reports what fails earlier.
    """
    from mpi4py import MPI  # noqa: PLC0415

    is_ending = False

    def begin() -> None:
        nonlocal is_ending
        is_ending = True

    def handle(_: Any, code: int) -> None:
        if is_ending:
            fail(MPI.Get_error_string(code))

    # A file gets the handler that FILE_NULL has when the file is opened.
    former = MPI.FILE_NULL.Get_errhandler()
    handler = MPI.File.Create_errhandler(handle)
    MPI.FILE_NULL.Set_errhandler(handler)
    try:
        yield begin
    finally:
        MPI.FILE_NULL.Set_errhandler(former)
        handler.Free()
