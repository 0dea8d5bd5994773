"""Checkpoints: a job that was killed goes on where the last one is.

A checkpoint is a file of its own until it is complete, and then takes the place of the one
before: whenever a job is killed, one of them is there as a whole. `hdf5` and `view` have the
formats: `load` is called by one process, `read` and `write` by all ranks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from hpcpy_common.errors import UsageError
from workloads.heat.compiled import sweep
from workloads.heat.mpi import Strip, sendrecv, solve_after
from workloads.heat.plate import LOOK_EVERY, R, change
from workloads.write.files import replaced_by_all

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved

    Load: TypeAlias = Callable[[Path], "tuple[Kept, Float64Array]"]

OPTION = "--checkpoint"
FIELD = "field"  # its name in a file


class Kept(NamedTuple):
    """What a file has beside the field: of which plate it is, and how far it has come."""

    n: int
    r: float
    steps: int
    change: float  # of the last step, which `--until` may look at


def solve(
    plate: Plate,
    comm: Any,
    read: Callable[[Path, Strip], Kept],
    write: Callable[[Path, Strip, Float64Array, Kept], None],
) -> Solved:
    """Write the field each `plate.every` steps by all ranks, and begin with what was written."""
    path = plate.checkpoint
    if path is None:  # to warm up
        return sendrecv(plate, comm)
    # Every rank asks for the same file: it has been looked at by the first one before.
    strip, begun = Strip(plate, comm), 0
    if path.exists():
        # Also by another number of ranks than wrote it.
        kept = read(path, strip)
        begun = kept.steps
        # Without a stop the run would have ended here.
        is_end = begun % LOOK_EVERY == 0 and kept.change < plate.until
        strip.plate = replace(plate, begun=begun, steps=begun if is_end else plate.steps)
    done = written = begun

    def keep(old: Float64Array, new: Float64Array) -> None:
        nonlocal written
        written, kept = done, Kept(plate.n, R, done, max(comm.allgather(change(old, new))))
        with replaced_by_all(path, OPTION, comm, new.itemsize * new.shape[1] ** 2) as file:
            write(file, strip, new, kept)

    def compute(old: Float64Array, new: Float64Array, first: int, last: int) -> None:
        nonlocal done
        sweep(old, new, first, last)
        done += 1
        if done % plate.every == 0:
            keep(old, new)

    solved = solve_after(strip, strip.exchange, compute)
    if written < done:  # the last step, or where `--until` has ended
        keep(*strip.arrays[:: 1 if (done - begun) % 2 else -1])
    return solved._replace(note=f"went on from step {begun}") if begun else solved


def require_sound(path: Path, plate: Plate, load: Load) -> None:
    """Refuse before the run, by one rank, a file that does not have the plate at some step."""
    hint = "remove it, or name another file"
    try:
        kept, field = load(path)
        is_own = (kept.n, kept.r) == (plate.n, R) and 0 <= kept.steps <= plate.steps
        fault = plate.fault(field, kept.steps) if is_own else ""
    except Exception as error:  # which of a library's depends on the byte that is damaged
        fault = f"no checkpoint of heat: {error}"
        raise UsageError(f"{OPTION} {path}: {fault}", hint=hint) from error
    if not is_own or fault:
        after = f"{kept.steps} step{'s' if kept.steps > 1 else ''}{fault and ': it '}{fault}"
        raise UsageError(f"{OPTION} {path} has {kept.n} × {kept.n} points after {after}", hint=hint)
