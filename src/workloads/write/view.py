"""MPI-IO without HDF5: one file by all ranks, of which each sees its own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.definition import shares
from workloads.write.files import NPY, new_file, output_errors
from workloads.write.numpy_ import coordinates, values

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def columns(series: Series, folder: Path, workers: Workers) -> str:
    """Write some columns of every array by each rank: `np.load` reads the file.

    A rank's part of an array is s short pieces, with the other ranks' between them. They
    write together, and so MPI joins the pieces to few long ones.
    """
    from mpi4py import MPI  # noqa: PLC0415

    comm, n, s = workers.comm, series.n, series.s
    mine = shares(s, comm.size)[comm.rank]
    x, y = (each[:, mine.start : mine.stop] for each in coordinates(series))
    path, begin = folder / NPY, 0
    with output_errors(path):
        if comm.rank == 0:
            with new_file(path) as created:
                header = {"descr": "<f8", "fortran_order": False, "shape": (n, s, s)}
                np.lib.format.write_array_header_1_0(created, header)
                begin = created.tell()
        begin = comm.bcast(begin)  # by then the file is there
        # One array's block; in the file it begins again after each. A rank for which no column is
        # left sees one, and writes nothing.
        block = MPI.DOUBLE.Create_subarray([s, s], [s, len(mine) or 1], [0, mine.start]).Commit()
        file = MPI.File.Open(comm, path, MPI.MODE_WRONLY)
        file.Set_view(begin, MPI.DOUBLE, block)
        for t in range(n):
            file.Write_all(values(x, y, t / n))
        # Not after an error: it would wait for ranks that have none.
        file.Close()
        block.Free()
    return ""
