"""Checkpoints by parallel HDF5: one compressed dataset, with attributes that describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py

from workloads.heat.checkpoint import FIELD, Kept, solve

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.mpi import Strip
    from workloads.heat.plate import Plate, Solved


def checkpointed(plate: Plate, comm: Any) -> Solved:
    """Write checkpoints by HDF5 and all ranks."""
    return solve(plate, comm, _read, _write)


def load(path: Path) -> tuple[Kept, Float64Array]:
    """Return what one process reads of a checkpoint: all."""
    with h5py.File(path, "r") as file:
        return _kept(file[FIELD]), file[FIELD][:]


def _kept(field: Any) -> Kept:
    n, r, steps, change = (field.attrs[name] for name in Kept._fields)
    return Kept(int(n), float(r), int(steps), float(change))


def _read(path: Path, strip: Strip) -> Kept:
    """Read a strip by each rank."""
    with h5py.File(path, "r", driver="mpio", comm=strip.comm) as file:
        strip.arrays[0][:] = file[FIELD][strip.first - 1 : strip.last + 1]
        return _kept(file[FIELD])


def _write(path: Path, strip: Strip, field: Float64Array, kept: Kept) -> None:
    """Write a strip by each rank, compressed."""
    comm, width = strip.comm, field.shape[1]
    # The outer ranks write the edge, too.
    top, bottom = int(comm.rank == 0), int(comm.rank == comm.size - 1)
    if comm.rank == 0:
        # A chunk is a row, and so of one rank: of chunks that ranks of two nodes share HDF5
        # sends parts, and waits for ever (MPICH over sockets, November 2026).
        layout = {"chunks": (1, width), "compression": "gzip", "shuffle": True}
        with h5py.File(path, "w") as file:
            dataset = file.create_dataset(FIELD, (width,) * 2, "f8", **layout)
            dataset.attrs.update(kept._asdict())
    comm.Barrier()
    with h5py.File(path, "r+", driver="mpio", comm=comm) as file:
        dataset = file[FIELD]
        # Together: the file's lists of chunks are every rank's.
        with dataset.collective:
            rows = field[1 - top : len(field) - 1 + bottom]
            dataset[strip.first - top : strip.last + bottom] = rows
