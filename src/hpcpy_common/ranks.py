"""MPI ranks: what the launcher says of them, and what they do together.

Until MPI is started the launcher's variables tell rank and size: ``--help`` and ``--list``
need no MPI library.
"""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from hpcpy_common.errors import HpcpyError, UnavailableError

T = TypeVar("T")

_PRINT_SECONDS = 0.3
# What starts ranks, as it calls itself. Of slurmstepd: a step of srun, no batch script.
_STARTER = re.compile(r"slurmstepd: \[[\d+]+\.\d+|(\S*/)?(hydra_pmi_proxy|orted|prted)\b")
# The engine's process outside of a container, by whose parent it was started.
_ENGINE = re.compile(r"(Apptainer|Singularity) runtime parent")
# Its first process in a container that ranks share, whose variables are the host's.
_INIT = re.compile(r"(app|s)init\b")
_IN_CONTAINER = ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")


class _Variables(NamedTuple):
    launcher: str
    rank: str
    size: str
    rank_on_node: str


# MPICH's hydra and Slurm's pmi2; Open MPI; Slurm, also with PMIx.  Slurm's are last:
# mpiexec in a batch script or below srun hands that process's numbers on to all its ranks.
_TABLE = (
    _Variables("mpiexec or srun", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
    _Variables(
        "Open MPI's mpirun",
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_RANK",
    ),
    _Variables("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
)


class Launcher(NamedTuple):
    """Who has started this process: rank and size as the launcher counts."""

    name: str
    rank: int
    size: int


def claims(environ: Mapping[str, str]) -> list[Launcher]:
    """Return who claims to have started this process, likeliest first.

    Several where the variables of several are set, as by Open MPI's mpirun below
    ``srun``: MPI must agree with one.
    """
    made: list[Launcher] = []
    for names in _TABLE:
        rank, size = _number(environ, names.rank), _number(environ, names.size)
        if rank is not None and size and not (names.launcher == "srun" and made):
            made.append(Launcher(names.launcher, rank, size))
    return made


def is_of_several(environ: Mapping[str, str]) -> bool:
    """Return whether a launcher may have started several; one that speaks PMIx names no size."""
    each = claims(environ)
    return each[0].size > 1 if each else {"PMIX_RANK", "PMIX_NAMESPACE"} <= environ.keys()


def is_rank(environ: Mapping[str, str]) -> bool:
    """Return whether a launcher has started this process, alone or with others."""
    return bool(claims(environ)) or is_of_several(environ)


def require_launcher() -> None:
    """Raise UnavailableError for a rank whose engine has dropped what the launcher says to it.

    Each such rank would take itself for the only one. `--cleanenv` of Apptainer does that.
    """
    if not any(map(os.environ.get, _IN_CONTAINER)) or is_rank(os.environ):
        return
    process = inside = os.getpid()
    while process > 1 and not _ENGINE.match(name := _of_process(process, "cmdline")):
        if not _INIT.match(name):
            inside = process
        process = _parent(process)
    # The variables may have been dropped in the container, for what a rank starts.
    first = _of_process(inside, "environ").split("\0")
    is_cleaned = not is_rank(dict(pair.split("=", 1) for pair in first if "=" in pair))
    if process > 1 and is_cleaned and _STARTER.match(_of_process(_parent(process), "cmdline")):
        raise UnavailableError(
            "a launcher has started this container, and none of its variables is inside",
            hint="unset APPTAINER_CLEANENV and SINGULARITY_CLEANENV, and leave out --cleanenv",
        )


def _of_process(process: int, file: str) -> str:
    try:
        return Path(f"/proc/{process}/{file}").read_text("utf-8", "replace")
    except OSError:  # it has ended, or is another user's
        return ""


def _parent(process: int) -> int:
    # The 2nd field, in brackets, may have blanks of its own.
    fields = _of_process(process, "stat").rpartition(")")[2].split()
    return int(fields[1]) if fields else 0


def rank_on_node() -> int | None:
    """Return which of its node's ranks this is, from 0; None where no launcher says it."""
    numbers = [_number(os.environ, each.rank_on_node) for each in _TABLE]
    return next((number for number in numbers if number is not None), None)


def _number(environ: Mapping[str, str], name: str) -> int | None:
    digits = re.fullmatch(r"[0-9]+", environ.get(name, ""))
    return int(digits[0]) if digits else None


def expected() -> int:
    """Return how many ranks the launcher says it started; 1 without one."""
    launchers = claims(os.environ)
    return launchers[0].size if launchers else 1


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
    launchers = claims(os.environ)
    return not launchers or launchers[0].rank == 0


def world() -> Any:
    """Return ``MPI.COMM_WORLD``, or raise UnavailableError.

    Also where the launcher started several processes that MPI does not know of: each
    would compute everything.
    """
    require_launcher()
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
        except (HpcpyError, OSError) as error:
            failure = error
    return _from_first(comm, value, failure)


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
    """Return a communicator of the first `count` ranks, None on others; all call this together.

    Of all of them it is another one, too: what a failure leaves unread in it stays there.
    """
    from mpi4py import MPI  # noqa: PLC0415

    part = comm.Split(0 if comm.rank < count else MPI.UNDEFINED, comm.rank)
    return None if part == MPI.COMM_NULL else part


def leave(
    comm: Any, part: Any, value: T, failure: HpcpyError | None = None, seconds: float = math.inf
) -> T:
    """Wait for every rank and free `part`, which `first` gave.

    Return rank 0's value, or raise a rank's failure on all of them. It is not agreed if not all
    come within the seconds that one which fails waits: they wait in MPI for it, and have to be
    ended. Without a communicator this process is alone.
    """
    if comm is None:
        if failure is not None:
            raise failure
        return value
    mine = (failure.follows, failure.since, comm.rank, failure) if failure else None
    if not idle_barrier(comm, seconds if failure else math.inf):
        assert failure is not None  # noqa: S101
        failure.agreed = False
        raise failure
    # The first is the cause: the others may have missed what that rank did not do.
    failures = sorted(filter(None, comm.allgather(mine)))
    if part is not None and not failures:
        # MPICH has about 2,000 communicators at a time.
        part.Free()
    return _from_first(comm, value, failures[0][-1] if failures else None)


def _from_first(comm: Any, value: T | None, failure: Any) -> T:
    pair: tuple[T, Any] = comm.bcast((value, failure))
    if pair[1] is not None:
        pair[1].agreed = True
        raise pair[1]
    return pair[0]


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


def abort(comm: Any, code: Any) -> None:
    """End all ranks, after this one has said why."""
    # The launcher may end before it has passed on what a rank has just said.
    time.sleep(_PRINT_SECONDS)
    comm.Abort(code)


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
