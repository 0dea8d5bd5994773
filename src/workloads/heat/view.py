"""Checkpoints by MPI-IO alone: one `.npy` file, of which each rank sees its own points.

It has one record: `np.load(path)["field"]` is the plate with its edge, `["steps"]` how far it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from mpi4py import MPI

from workloads.heat.checkpoint import FIELD, Kept, solve

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.mpi import Strip
    from workloads.heat.plate import Plate, Solved

_HEAD = [("n", "<i8"), ("r", "<f8"), ("steps", "<i8"), ("change", "<f8")]


def checkpointed(plate: Plate, comm: MPI.Comm) -> Solved:
    """Write checkpoints by views of a file; nothing is copied together before."""
    return solve(plate, comm, _read, _write)


def load(path: Path) -> tuple[Kept, Float64Array]:
    """Return what one process reads of a checkpoint; of the field, what is asked for."""
    record = np.lib.format.open_memmap(path, mode="r")
    return _kept(record), record[FIELD]


def _kept(record: Any) -> Kept:
    return Kept(*(record[name].item() for name in Kept._fields))


def _read(path: Path, strip: Strip) -> Kept:
    """Read a strip by each rank: the file's beginning by the first, for all."""
    found = None
    if strip.comm.rank == 0:
        record = np.lib.format.open_memmap(path, mode="r")
        found = _kept(record), record.offset + record.dtype.fields[FIELD][1]
    kept, begin = strip.comm.bcast(found)
    with _view(path, strip, strip.arrays[0], begin) as (file, points):
        file.Read_all(points)
    return cast("Kept", kept)


def _write(path: Path, strip: Strip, field: Float64Array, kept: Kept) -> None:
    """Write a strip by each rank, without halo and edge: these are zeros already."""
    width, begin = field.shape[1], 0
    if strip.comm.rank == 0:
        record = [*_HEAD, (FIELD, "<f8", (width, width))]
        with path.open("xb") as file:
            header = {"descr": record, "fortran_order": False, "shape": ()}
            np.lib.format.write_array_header_1_0(file, header)
            file.write(np.array(kept, _HEAD).tobytes())
            begin = file.tell()
            file.truncate(begin + field.itemsize * width**2)
    begin = strip.comm.bcast(begin)  # by then the file is there
    with _view(path, strip, field, begin) as (file, points):
        file.Write_all(points)


@contextlib.contextmanager
def _view(path: Path, strip: Strip, array: Float64Array, begin: int) -> Iterator[tuple[Any, Any]]:
    """Give a file that shows a rank its own points alone, and the same points of its array.

    Neither lie together: rows have the edge between them. Two types say where they are, and so
    one call moves all, whatever the number of ranks.
    """
    shape = (strip.rows, strip.plate.n)
    whole = (strip.plate.n + 2,) * 2
    in_file = MPI.DOUBLE.Create_subarray(whole, shape, (strip.first, 1)).Commit()
    in_array = MPI.DOUBLE.Create_subarray(array.shape, shape, (1, 1)).Commit()
    # Otherwise MPICH has each rank write its strip for itself, and lock the file as it reads the
    # edge and writes it again: not every file system has locks.
    together = MPI.Info.Create({"romio_cb_write": "enable"})
    file = MPI.File.Open(strip.comm, path, MPI.MODE_RDWR, together)
    file.Set_view(begin, MPI.DOUBLE, in_file)
    yield file, [array, 1, in_array]
    # Not after an error: it would wait for ranks that have none.
    file.Close()
    for each in (in_file, in_array, together):
        each.Free()
