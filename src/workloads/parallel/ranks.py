"""MPI ranks: how many are expected, what they do together, gathering rows on the first."""

from __future__ import annotations

import math
import os
import sys
import time
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from workloads.errors import UnavailableError, WorkloadError
from workloads.parallel import launchers

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.parallel.workers import Workers

T = TypeVar("T")

_PRINT_SECONDS = 0.3

_shared: list[Callable[[], object]] = []


def expected() -> int:
    """Return how many ranks the launcher says it started; 1 without one."""
    claims = launchers.claims(os.environ)
    return claims[0].size if claims else 1


def several() -> Any:
    """Return ``MPI.COMM_WORLD`` if MPI runs with more than one rank, else None."""
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or mpi.Is_finalized():
        return None
    return mpi.COMM_WORLD if mpi.COMM_WORLD.size > 1 else None


def is_first() -> bool:
    """Return whether this process is the one that prints."""
    comm = several()
    if comm is not None:
        return bool(comm.rank == 0)
    claims = launchers.claims(os.environ)
    return not claims or claims[0].rank == 0


def world() -> Any:
    """Return ``MPI.COMM_WORLD``.

    Raises
    ------
    UnavailableError
        When MPI cannot be loaded, or when the launcher started several
        processes that MPI does not know of: each would compute everything.
    """
    try:
        from mpi4py import MPI  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(
            f"MPI cannot be loaded ({reason})", hint="put libmpi.so.12 on LD_LIBRARY_PATH"
        ) from error
    comm = MPI.COMM_WORLD
    if comm.size == 1 < expected():
        raise UnavailableError(
            f"the launcher started {expected()} processes but MPI sees one rank in each",
            hint="under Slurm, srun --mpi=pmi2 (MPICH) or --mpi=pmix (Open MPI)",
        )
    return comm


def by_first(look: Callable[[], T]) -> T:
    """Return what the first rank's `look` gives, or raise its error, on every rank.

    For what asks a file system, as thousands of ranks would ask it the same at once; and
    for what all must decide alike.
    """
    comm = world() if expected() > 1 else None
    if comm is None:
        return look()
    value: Any = None
    failure: Any = None
    if comm.rank == 0:
        try:
            value = look()
        except (WorkloadError, OSError) as error:
            failure = error
            failure.agreed = True
    value, failure = comm.bcast((value, failure))
    if failure is not None:
        raise failure
    result: T = value
    return result


def all_or_none(comm: Any, act: Callable[[], T]) -> T:
    """Return what `act` gives on this rank, or raise UnavailableError if one rank's does.

    All ranks call this together. `act` must not talk to another rank, which may have failed.
    """
    fault = ""
    try:
        value = act()
    except UnavailableError as error:
        fault = f"rank {comm.rank} on {os.uname().nodename}: {error}"
    first_fault = next(filter(None, comm.allgather(fault)), "")
    if first_fault:
        raise UnavailableError(first_fault)
    return value


def first(comm: Any, count: int) -> Any:
    """Return a communicator of the first `count` ranks, None on the others.

    All ranks of `comm` call this together.
    """
    if count == comm.size:
        return comm
    from mpi4py import MPI  # noqa: PLC0415

    part = comm.Split(0 if comm.rank < count else MPI.UNDEFINED, comm.rank)
    return None if part == MPI.COMM_NULL else part


def idle_barrier(comm: Any, seconds: float = math.inf) -> bool:
    """Wait for every rank, and leave the core to others meanwhile: a plain barrier polls.

    Return False if some rank has not come within that many seconds.
    """
    return _completes(comm.Ibarrier(), seconds)


def any_rank(comm: Any, flag: bool) -> bool:
    """Return on every rank whether the flag is set on any; waits as `idle_barrier` does.

    Not by a broadcast: MPI may keep what its root sends until the root calls MPI
    again, and that may be an hour later.  Here a rank goes on when all have come.
    """
    from mpi4py import MPI  # noqa: PLC0415

    mine, result = array("i", [flag]), array("i", [0])
    _completes(comm.Iallreduce([mine, MPI.INT], [result, MPI.INT], MPI.MAX))
    return bool(result[0])


def _completes(request: Any, seconds: float = math.inf) -> bool:
    end = time.monotonic() + seconds
    while not request.Test():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def free_at_end(free: Callable[[], object]) -> None:
    """Register what all ranks free together at a technique's end, as a window of memory.

    It waits for every rank: after a failure that others may not have, `free_shared` is
    called only once all have come. MPI cannot be finalised while there is a window.
    """
    _shared.append(free)


def free_shared() -> None:
    """Free what is registered, the latest first; all ranks call this together."""
    while _shared:
        _shared.pop()()


def abort(comm: Any, code: Any) -> None:
    """End all ranks, after this one has said why."""
    # The launcher may end before it has passed on what a rank has just said.
    time.sleep(_PRINT_SECONDS)
    comm.Abort(code)


def gather_rows(comm: Any, parts: list[range], mine: Int32Array, out: Int32Array) -> None:
    """Collect every rank's rows in `out` on rank 0; all ranks call this together.

    Parameters
    ----------
    comm
        The communicator.
    parts
        For each rank, which rows of `out` it has computed.
    mine
        This rank's rows, contiguous, of shape (rows, columns).
    out
        All rows, of the same dtype; used on rank 0 only.
    """
    import numpy as np  # noqa: PLC0415

    if comm.rank != 0:
        comm.Send(mine, 0)
        return
    own = parts[0]
    out[own.start : own.stop : own.step] = mine
    for rank, rows in enumerate(parts[1:], start=1):
        block = np.empty((len(rows), out.shape[1]), out.dtype)
        comm.Recv(block, rank)
        out[rows.start : rows.stop : rows.step] = block


def balance(workers: Workers, seconds: float) -> str:
    """Return how evenly the ranks were busy, mean over maximum; empty on all but rank 0.

    All ranks call this together; rank 0 keeps their times in `workers.busy`.

    Parameters
    ----------
    workers
        This rank's.
    seconds
        Processor seconds that this rank has computed: on crowded cores the
        wall clock would count the others' work as well.
    """
    busy = workers.comm.gather(seconds)
    if not busy:
        return ""
    # A large image is computed in blocks of rows, with a call for each.
    workers.busy = [a + b for a, b in zip(workers.busy or [0.0] * len(busy), busy, strict=True)]
    return f"balance {sum(busy) / len(busy) / max(*busy, 1e-9):.2f}"
