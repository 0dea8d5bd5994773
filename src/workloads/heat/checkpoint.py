"""Checkpoints by parallel HDF5: a job that was killed goes on where the last one is.

A checkpoint is a file of its own until it is complete, and then takes the place of the one
before: whenever a job is killed, one of them is there as a whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import h5py

from hpcpy_common.errors import UnavailableError, UsageError
from workloads.heat.compiled import sweep
from workloads.heat.mpi import Strip, sendrecv, solve_after
from workloads.heat.plate import LOOK_EVERY, R, change
from workloads.write.hdf5_files import new_file, replaced_by_all

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved
    from workloads.parallel.workers import Workers

_OPTION = "--checkpoint"
_FIELD = "field"
# Its attributes; the change is that of the last step, which `--until` may look at.
_KEPT = {"n": int, "r": float, "steps": int, "change": float}


def checkpointed(plate: Plate, workers: Workers) -> Solved:
    """Write the field each `plate.every` steps by all ranks, and begin with what was written."""
    if not h5py.get_config().mpi:
        raise UnavailableError("h5py is built without MPI here", hint="run it in the image")
    path, comm = plate.checkpoint, workers.comm
    if path is None:  # to warm up
        return sendrecv(plate, workers)
    # Every rank asks for the same file: it has been looked at by the first one before.
    strip, begun = Strip(plate, comm), 0
    if path.exists():
        # Also by another number of ranks than wrote it.
        with h5py.File(path, "r", driver="mpio", comm=comm) as file:
            begun, last = (_KEPT[name](file[_FIELD].attrs[name]) for name in ("steps", "change"))
            strip.arrays[0][:] = file[_FIELD][strip.first - 1 : strip.last + 1]
        # Without a stop the run would have ended here.
        is_end = begun % LOOK_EVERY == 0 and last < plate.until
        strip.plate = replace(plate, begun=begun, steps=begun if is_end else plate.steps)
    done = begun

    def compute(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
        nonlocal done
        sweep(old, new, first, last)
        done += 1
        if done % plate.every == 0 or done == plate.steps:
            _write(path, strip, old, new, done)

    note = f"went on from step {begun}" if begun else ""
    return solve_after(strip, strip.exchange, note, compute)


def require_sound(path: Path, plate: Plate) -> None:
    """Refuse before the run, by one rank, a file that does not have the plate at some step."""
    hint = "remove it, or name another file"
    try:
        with h5py.File(path, "r") as file:
            field = file[_FIELD]
            n, r, steps, _ = (kind(field.attrs[name]) for name, kind in _KEPT.items())
            is_own = (n, r) == (plate.n, R) and 0 <= steps <= plate.steps
            fault = plate.fault(field[:], steps) if is_own else ""
    except Exception as error:  # which of h5py's depends on the byte that is damaged
        fault = f"no checkpoint of heat: {error}"
        raise UsageError(f"--checkpoint {path}: {fault}", hint=hint) from error
    if not is_own or fault:
        after = f"{steps} step{'s' if steps > 1 else ''}{fault and ': it '}{fault}"
        raise UsageError(f"--checkpoint {path} has {n} × {n} points after {after}", hint=hint)


def _write(path: Path, strip: Strip, old: Float64Array, field: Float64Array, done: int) -> None:
    """Write a strip of one dataset by each rank, compressed."""
    comm, width = strip.comm, field.shape[1]
    last = max(comm.allgather(change(old, field)))
    # The outer ranks write the edge, too.
    top, bottom = int(comm.rank == 0), int(comm.rank == comm.size - 1)
    rows = field[1 - top : len(field) - 1 + bottom]
    with replaced_by_all(path, _OPTION, comm, field.itemsize * width**2) as new:
        if comm.rank == 0:
            # A chunk is a row, and so of one rank: of chunks that ranks of two nodes share HDF5
            # sends parts, and waits for ever (MPICH over sockets, November 2026).
            layout = {"chunks": (1, width), "compression": "gzip", "shuffle": True}
            with new_file(new, path, _OPTION) as created:
                dataset = h5py.File(created).create_dataset(_FIELD, (width,) * 2, "f8", **layout)
                values = (strip.plate.n, R, done, last)
                dataset.attrs.update(zip(_KEPT, values, strict=True))
        comm.Barrier()
        with h5py.File(new, "r+", driver="mpio", comm=comm) as file:
            dataset = file[_FIELD]
            # Together: the file's lists of chunks are every rank's.
            with dataset.collective:
                dataset[strip.first - top : strip.last + bottom] = rows
