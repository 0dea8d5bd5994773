"""Checkpoints by parallel HDF5: a job that was killed goes on where the last one is.

A checkpoint is a file of its own until it is complete, and then takes the place of the one
before: whenever a job is killed, one of them is there as a whole.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import h5py

from hpcpy_common import cleanup, ranks, signals
from hpcpy_common.errors import OutputError, UnavailableError, UsageError
from hpcpy_common.files import unfinished
from workloads.heat.mpi import Strip, sendrecv
from workloads.heat.plate import R
from workloads.write.hdf5_files import new_file, output_errors

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved
    from workloads.parallel.workers import Workers

_FIELD = "field"
_KEPT = {"n": int, "r": float, "steps": int}  # its attributes
# How long a rank that is stopped leaves the file to the others, less than they live on.
_PASSED_SECONDS = 0.5


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
            begun = int(file[_FIELD].attrs["steps"])
            strip.arrays[0][:] = file[_FIELD][strip.first - 1 : strip.last + 1]
        strip.plate = replace(plate, steps=plate.steps - begun)
    compute, done = strip.after(strip.exchange), begun

    def step(old: Float64Array, new: Float64Array) -> None:
        nonlocal done
        compute(old, new)
        done += 1
        if done % plate.every == 0 or done == plate.steps:
            _write(path, strip, new, done)

    solved = strip.solve(step, f"went on from step {begun}" if begun else "")
    return solved._replace(steps=begun + solved.steps, begun=begun)


def require_sound(path: Path, plate: Plate) -> None:
    """Refuse before the run, by one rank, a file that does not have the plate at some step."""
    hint = "remove it, or name another file"
    try:
        with h5py.File(path, "r") as file:
            field = file[_FIELD]
            n, r, steps = (kind(field.attrs[name]) for name, kind in _KEPT.items())
            is_own = (n, r) == (plate.n, R) and 0 <= steps <= plate.steps
            fault = plate.fault(field[:], steps) if is_own else ""
    except Exception as error:  # which of h5py's depends on the byte that is damaged
        fault = f"no checkpoint of heat: {error}"
        raise UsageError(f"--checkpoint {path}: {fault}", hint=hint) from error
    if not is_own or fault:
        after = f"{steps} step{'s' if steps > 1 else ''}{fault and ': it '}{fault}"
        raise UsageError(f"--checkpoint {path} has {n} × {n} points after {after}", hint=hint)


def _write(path: Path, strip: Strip, field: Float64Array, done: int) -> None:
    """Write a strip of one dataset by each rank, compressed; a rename makes it the checkpoint."""
    comm, width = strip.comm, field.shape[1]
    is_top, is_bottom = comm.rank == 0, comm.rank == comm.size - 1
    # Before room is asked for: a killed run has left as much.
    new = unfinished(path) if is_top else path
    fault = _no_room(path, field.itemsize * width**2) if is_top else ""
    fault, new = comm.bcast((fault, new))
    if fault:
        raise OutputError(f"--checkpoint {path}: {fault}")
    try:
        # Every rank removes it: one that is stopped ends the others before they can.
        with cleanup.on_stop(new.unlink), output_errors(path):
            comm.Barrier()
            if is_top:
                _create(new, strip, width, done)
            comm.Barrier()
            with h5py.File(new, "r+", driver="mpio", comm=comm) as file:
                dataset = file[_FIELD]
                # The outer ranks write the edge, too.
                mine = slice(1 - is_top, len(field) - 1 + is_bottom)
                # Together: the file's lists of chunks are every rank's.
                with dataset.collective:
                    dataset[strip.first - is_top : strip.last + is_bottom] = field[mine]
            # A rank that is stopped does not come here: nothing half written is renamed.
            comm.Barrier()
            if is_top:
                _sync(new)
                new.replace(path)
                _sync(path.parent)
    except BaseException as error:
        if isinstance(error, OutputError) and not signals.asked():
            # A rank that is stopped removes the file, and others miss it: it ends them first.
            if not new.exists():
                time.sleep(signals.SECONDS)
            new.unlink(missing_ok=True)
            print(f"heat: --checkpoint {error}", file=sys.stderr, flush=True)
            ranks.abort(comm, error.exit_code)
        # The first rank may be about to create it, and others to open it.
        time.sleep(_PASSED_SECONDS)
        new.unlink(missing_ok=True)
        # HDF5 drops a stop's exception, and then misses the file that the stop has removed.
        if signals.asked():
            raise KeyboardInterrupt from error
        raise


def _create(path: Path, strip: Strip, width: int, done: int) -> None:
    """Make the file by one rank, with its dataset and what is said of it."""
    # A chunk is a row, and so of one rank: of chunks that ranks of two nodes share HDF5 sends
    # parts, and waits for ever (MPICH over sockets, November 2026).
    how = {"chunks": (1, width), "compression": "gzip", "shuffle": True}
    with new_file(path) as created:
        dataset = h5py.File(created).create_dataset(_FIELD, (width,) * 2, "f8", **how)
        dataset.attrs.update({"n": strip.plate.n, "r": R, "steps": done})


def _no_room(path: Path, size: int) -> str:
    """Return why a file of this size has no room, or an empty string.

    Asked before: of a disk that is full while all ranks write HDF5 does not recover.
    """
    free = shutil.disk_usage(path.parent).free
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if free < size:
        return f"{size / 1e6:,.1f} MB are needed at most, and {free / 1e6:,.1f} are free"
    return "" if limit < 0 or size < limit else f"the limit of a file's size is {limit:,} bytes"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
