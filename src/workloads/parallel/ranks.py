"""MPI ranks: how many are expected, and what they do together."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from workloads.errors import UnavailableError, WorkloadError
from workloads.parallel import launchers

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
    if (comm := several()) is not None:
        return bool(comm.rank == 0)
    claims = launchers.claims(os.environ)
    return not claims or claims[0].rank == 0


def world() -> Any:
    """Return ``MPI.COMM_WORLD``, or raise UnavailableError.

    Also where the launcher started several processes that MPI does not know of: each
    would compute everything.
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
    if expected() == 1:
        return look()
    comm, value, failure = world(), None, None
    if comm.rank == 0:
        try:
            value = look()
        except (WorkloadError, OSError) as error:
            failure = error
    found: tuple[T, Any] = comm.bcast((value, failure))
    if found[1] is not None:
        found[1].agreed = True
        raise found[1]
    return found[0]


def all_or_none(comm: Any, act: Callable[[], T], *, idle: bool = False) -> T:
    """Return what `act` gives on this rank, or raise UnavailableError if one rank's does.

    All ranks call this together. `act` must not talk to another rank, which may have failed.
    With `idle`, those that are ready leave their cores to the others.
    """
    fault = ""
    try:
        value = act()
    except UnavailableError as error:
        fault = f"rank {comm.rank} on {os.uname().nodename}: {error}"
    if idle:
        idle_barrier(comm)
    if faults := [*filter(None, comm.allgather(fault))]:
        raise UnavailableError(faults[0])
    return value


def first(comm: Any, count: int) -> Any:
    """Return a communicator of the first `count` ranks, None on others; all call this together."""
    if count == comm.size:
        return comm
    from mpi4py import MPI  # noqa: PLC0415

    part = comm.Split(0 if comm.rank < count else MPI.UNDEFINED, comm.rank)
    return None if part == MPI.COMM_NULL else part


def idle_barrier(comm: Any, seconds: float = math.inf) -> bool:
    """Wait for every rank, and leave the core to others meanwhile: a plain barrier polls.

    Return False if some rank has not come within that many seconds.
    """
    request = comm.Ibarrier()
    end = time.monotonic() + seconds
    while not request.Test():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def free_at_end(free: Callable[[], object]) -> None:
    """Register what all ranks free together at a technique's end, as a window of memory.

    MPI cannot be finalised while there is one. After a failure that other ranks may not
    have, it is freed only once all have come.
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


def print_error(command: str, error: WorkloadError) -> None:
    """Print a command's error: from the first rank if all have it, else from this one."""
    line = f"{command}: {error}"
    if error.agreed:
        print_once(line)
    else:
        print(line, file=sys.stderr)


def command(name: str, usage: str, words: list[str], act: Callable[[list[str]], int]) -> int:
    """Run a command of all ranks; return its exit code, or that of --help, --version, an error."""
    from workloads import version  # noqa: PLC0415
    from workloads.bench import streams  # noqa: PLC0415

    if words[:1] in (["-h"], ["--help"]):
        streams.escape_unencodable()
        print(usage)
        return 0
    if words[:1] == ["--version"]:
        print(version.line())
        return 0
    try:
        return act(words)
    except WorkloadError as error:
        print_error(name, error)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def print_once(line: str) -> None:
    """Print on standard error, from the first rank, why all are about to end; all call this.

    The others wait: the end of one may end all (srun --kill-on-bad-exit), and MPI_Finalize
    does not wait for other ranks.
    """
    first = is_first()
    if first:
        print(line, file=sys.stderr, flush=True)
    if (comm := several()) is not None:
        idle_barrier(comm, _patience())
    elif not first:
        let_first_print()


def let_first_print() -> None:
    """Give the first rank time to print, where the ranks do not see each other."""
    time.sleep(_patience())


def _patience() -> float:
    """Return ten times the seconds that this rank took to come here, within 2 and 60."""
    stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    # The 22nd field is the start; the 2nd, in brackets, may have blanks of its own.
    start = int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return min(max(2.0, 10 * (time.clock_gettime(time.CLOCK_BOOTTIME) - start)), 60.0)
