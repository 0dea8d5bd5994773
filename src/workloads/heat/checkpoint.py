"""Checkpoints by parallel HDF5: a job that was killed goes on where the last one is.

A checkpoint is a file of its own until it is complete, and then takes the place of the one
before: whenever a job is killed, one of them is there as a whole.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import h5py

from hpcpy_common.errors import OutputError, UnavailableError, UsageError
from workloads.heat.compiled import sweep
from workloads.heat.mpi import Strip
from workloads.heat.plate import R

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved
    from workloads.parallel.workers import Workers

_FIELD = "field"


def checkpointed(plate: Plate, workers: Workers) -> Solved:
    """Write the field each `plate.every` steps by all ranks, and begin with what was written."""
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here")
    path, comm = plate.checkpoint, workers.comm
    # Every rank asks for the same file: it has been looked at by the first one before.
    begun = done = 0 if path is None else steps_in(path, plate)
    strip = Strip(replace(plate, steps=plate.steps - begun), comm)
    if path is not None and begun:
        # Also by another number of ranks than wrote it.
        with h5py.File(path, "r", driver="mpio", comm=comm) as file:
            strip.arrays[0][:] = file[_FIELD][strip.first - 1 : strip.last + 1]

    def step(old: Float64Array, new: Float64Array) -> None:
        nonlocal done
        strip.exchange(old)
        sweep(old, new, 1, strip.rows + 1)
        done += 1
        if path is not None and (done % plate.every == 0 or done == plate.steps):
            _write(path, strip, new, done)

    solved = strip.solve(step, f"went on from step {begun}" if begun else "")
    return solved._replace(steps=begun + solved.steps, begun=begun)


def steps_in(path: Path, plate: Plate) -> int:
    """Return how many steps a file has, 0 without one; another plate's is a UsageError."""
    if not path.exists():
        return 0
    try:
        with h5py.File(path, "r") as file:
            has = dict(file[_FIELD].attrs)
            n, r, steps = int(has["n"]), float(has["r"]), int(has["steps"])
    except (OSError, KeyError) as error:
        raise UsageError(f"--checkpoint {path}: no checkpoint of heat: {error}") from error
    if (n, r) != (plate.n, R) or steps > plate.steps:
        found = f"{n} × {n} points after {steps} steps"
        raise UsageError(f"--checkpoint {path} has {found}", hint="remove it, or name another file")
    return steps


def _write(path: Path, strip: Strip, field: Float64Array, done: int) -> None:
    """Write a strip of one dataset by each rank, compressed; a rename makes it the checkpoint."""
    comm, width = strip.comm, field.shape[1]
    new = path.with_name(f"{path.name}.new")
    is_top, is_bottom = comm.rank == 0, comm.rank == comm.size - 1
    try:
        if is_top:
            with h5py.File(new, "w") as file:
                # A chunk is a row, and so of one rank: of chunks that ranks of two nodes
                # share HDF5 sends parts, and waits for ever (HDF5 1.14.5, MPICH 4.0.2, sockets).
                how = {"chunks": (1, width), "compression": "gzip", "shuffle": True}
                dataset = file.create_dataset(_FIELD, (width, width), "f8", **how)
                dataset.attrs.update({"n": strip.plate.n, "r": R, "steps": done})
        comm.Barrier()
        with h5py.File(new, "r+", driver="mpio", comm=comm) as file:
            # The outer ranks write the edge, too.
            mine = slice(1 - is_top, len(field) - 1 + is_bottom)
            dataset = file[_FIELD]
            # Together: the file's lists of chunks are every rank's.
            with dataset.collective:
                dataset[strip.first - is_top : strip.last + is_bottom] = field[mine]
        if is_top:
            _sync(new)
            new.replace(path)
            _sync(path.parent)
    except OSError as error:
        raise OutputError(f"--checkpoint {path}: {error}") from error
    comm.Barrier()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
