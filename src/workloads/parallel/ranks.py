"""MPI ranks: how many are expected, and gathering rows on the first of them."""

from __future__ import annotations

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

# One message stays far below the 2³¹ bytes that MPI-3 counts, even where one
# row has more.
_MESSAGE_BYTES = 64 << 20
_LEFT = "left_to_free"
_SAID_SECONDS = 0.3


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


def together(comm: Any, act: Callable[[], T]) -> T:
    """Return what this rank's part of a common step gives.

    Parameters
    ----------
    comm
        The communicator; all its ranks call this together.
    act
        The part; it must not talk to another rank, which may have failed.

    Raises
    ------
    UnavailableError
        On every rank, when one of them cannot do it.
    """
    said = ""
    try:
        value = act()
    except UnavailableError as error:
        said = f"rank {comm.rank} on {os.uname().nodename}: {error}"
    first_said = next(filter(None, comm.allgather(said)), "")
    if first_said:
        raise UnavailableError(first_said)
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


def wait_quietly(comm: Any) -> None:
    """Wait for every rank without keeping a core busy.

    A plain barrier polls: the waiting ranks would take the cores from a
    technique that rank 0 is timing alone.
    """
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(0.01)


def any_says(comm: Any, said: bool) -> bool:
    """Return on every rank whether any says so; waits without keeping a core busy.

    Not by a broadcast: MPI may keep what its root sends until the root calls MPI
    again, and that may be an hour later.  Here a rank goes on when all have come.
    """
    from mpi4py import MPI  # noqa: PLC0415

    mine, result = array("i", [said]), array("i", [0])
    request = comm.Iallreduce([mine, MPI.INT], [result, MPI.INT], MPI.MAX)
    while not request.Test():
        time.sleep(0.01)
    return bool(result[0])


def all_come(comm: Any, seconds: float) -> bool:
    """Return whether every rank calls this within that many seconds."""
    request = comm.Ibarrier()
    deadline = time.monotonic() + seconds
    while not request.Test():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def free_once_all_come(error: BaseException, free: Callable[[], None]) -> None:
    """Attach a collective free to `error`, for whoever learns that all ranks come to it.

    Parameters
    ----------
    error
        What ends this rank, and may or may not end the others.
    free
        Frees what all ranks free together; waits for every rank.
    """
    error.__dict__.setdefault(_LEFT, []).append(free)


def free_what_is_left(error: BaseException) -> None:
    """Free what :func:`free_once_all_come` has attached to `error`; every rank calls this."""
    for free in reversed(error.__dict__.pop(_LEFT, [])):
        free()


def abort(comm: Any, code: Any) -> None:
    """End all ranks, after this one has said why."""
    # The launcher may end before it has passed on what a rank has just said.
    time.sleep(_SAID_SECONDS)
    comm.Abort(code)


def send_rows(comm: Any, block: Int32Array, dest: int) -> None:
    """Send a contiguous block of rows, in as many messages as it needs."""
    flat = block.reshape(-1)
    for first in range(0, len(flat), _MESSAGE_BYTES // 4):
        comm.Send(flat[first : first + _MESSAGE_BYTES // 4], dest=dest)


def receive_rows(comm: Any, block: Int32Array, source: int) -> None:
    """Receive what `send_rows` sends into a contiguous block of that shape."""
    flat = block.reshape(-1)
    for first in range(0, len(flat), _MESSAGE_BYTES // 4):
        comm.Recv(flat[first : first + _MESSAGE_BYTES // 4], source=source)


def gather_rows(comm: Any, parts: list[range], mine: Int32Array, out: Int32Array) -> None:
    """Collect every rank's rows in `out` on rank 0.

    Parameters
    ----------
    comm
        The communicator; all its ranks call this together.
    parts
        For each rank, which rows of `out` it has computed.
    mine
        This rank's rows, contiguous, of shape (rows, columns).
    out
        All rows, of the same dtype; used on rank 0 only.
    """
    import numpy as np  # noqa: PLC0415

    if comm.rank != 0:
        send_rows(comm, mine, 0)
        return
    own = parts[0]
    out[own.start : own.stop : own.step] = mine
    for rank, rows in enumerate(parts[1:], start=1):
        block = np.empty((len(rows), out.shape[1]), out.dtype)
        receive_rows(comm, block, rank)
        out[rows.start : rows.stop : rows.step] = block


def balance(workers: Workers, seconds: float) -> str:
    """Return how evenly the ranks were busy, mean over maximum; empty on all but rank 0.

    Parameters
    ----------
    workers
        All its ranks call this together; on rank 0 it keeps their times.
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
