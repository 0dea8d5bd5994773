"""MPI-IO without HDF5: one file by all ranks, of which each sees its own columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mpi4py import MPI

from workloads.write.definition import Series, shares
from workloads.write.numpy_ import coordinates, values


def columns(series: Series, folder: Path, comm: MPI.Comm) -> None:
    """Write some columns of every array by each rank: `np.load` reads the file.

    A rank's part of an array is s short pieces, with the other ranks' between them. They
    write together, and so MPI joins the pieces to few long ones.
    """
    n, s = series.n, series.s
    mine = shares(s, comm.size)[comm.rank]
    x, y = (each[:, mine.start : mine.stop] for each in coordinates(series))
    path, begin = folder / "arrays.npy", 0
    if comm.rank == 0:
        with path.open("wb") as created:
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


if __name__ == "__main__":
    columns(Series(15, 100), Path.cwd(), MPI.COMM_WORLD)
