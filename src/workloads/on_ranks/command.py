"""Make a cluster of a job's ranks, and run a program on it."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

from workloads import version
from workloads.bench import streams
from workloads.errors import UnavailableError, WorkloadError
from workloads.on_ranks.processes import Process, run, wait
from workloads.parallel import ranks
from workloads.preflight import program


class Cluster(Protocol):
    """A kind of cluster: a server beside the first rank, and a worker of every rank.

    Attributes
    ----------
    name, usage
        Of the command.
    owner, server_name
        In messages: "Dask", "scheduler".
    """

    name: str
    usage: str
    owner: str
    server_name: str

    def why_not(self) -> str:
        """Return why there cannot be one here, or an empty string."""

    def server(
        self, folder: Path, host: str, workers: int
    ) -> contextlib.AbstractContextManager[Process]:
        """Give the server, which keeps its files in `folder` and accepts connections.

        With an empty `host` the server chooses the address that it listens on.
        """

    def told(self, folder: Path) -> Any:
        """Return what a worker must know of the server."""

    def worker(self, told: Any) -> contextlib.AbstractContextManager[Process]:
        """Give a worker beside this process."""

    def become_worker(self, told: Any) -> int:
        """Be a worker until the cluster ends; return the exit code."""

    def is_complete(self, folder: Path, workers: int) -> bool:
        """Return whether all workers are there."""

    def variables(self, folder: Path, told: Any, workers: int) -> dict[str, str]:
        """Return the variables by which a program finds the cluster."""


def main(words: list[str], cluster: Cluster) -> int:
    """Make a worker of this rank; on the first, run the server and the program as well.

    Parameters
    ----------
    words
        The program and its arguments.
    cluster
        Its kind.

    Returns
    -------
    int
        2 for wrong usage, 69 where there can be no cluster, 1 when a process
        of it has failed, 130 for Ctrl-C; otherwise the program's, and on all
        ranks but the first the worker's.
    """
    if words[:1] in (["-h"], ["--help"]):
        streams.spell_in_ascii()
        print(cluster.usage)
        return 0
    if words[:1] == ["--version"]:
        print(version.line())
        return 0
    # Asked now, as MPI cannot be asked after its end.
    is_first = ranks.is_first()
    try:
        program.require(words)
        if reason := cluster.why_not():
            raise UnavailableError(reason)
        comm = ranks.world()
        return _first(comm, words, cluster) if comm.rank == 0 else _other(comm, cluster)
    except WorkloadError as error:
        ranks.print_error(cluster.name, error, is_first=is_first)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _first(comm: Any, words: list[str], cluster: Cluster) -> int:
    # SIGTERM raises SystemExit, so that whatever is started here ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    size = comm.size
    with contextlib.ExitStack() as stack:
        host = "127.0.0.1" if _are_on_one_node(comm) else ""
        folder, server = ranks.all_or_none(comm, lambda: _start(stack, cluster, host, size))
        told = comm.bcast(cluster.told(folder))
        _leave_mpi()
        worker = stack.enter_context(cluster.worker(told))
        owner = f"{cluster.owner}'s"
        serving = {
            f"{owner} {cluster.server_name}": server,
            f"{owner} worker of the first rank": worker,
        }
        missing = f"{owner} workers are not there"
        wait(lambda: cluster.is_complete(folder, size), serving, missing)
        return run(words, cluster.variables(folder, told, size), serving)


def _start(
    stack: contextlib.ExitStack, cluster: Cluster, host: str, workers: int
) -> tuple[Path, Process]:
    """Return the cluster's folder and its server, both until the end of `stack`."""
    # Not a dash last: Dask reads its variables as Python, and warns of a path with "-1in".
    prefix = f"hpcpy-{cluster.owner.lower()}_"
    try:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        return folder, stack.enter_context(cluster.server(folder, host, workers))
    except OSError as error:
        # Not raised as it is: the other ranks would wait for this one.
        raise UnavailableError(
            f"{cluster.owner}'s {cluster.server_name} does not start: {error}"
        ) from error


def _other(comm: Any, cluster: Cluster) -> int:
    _are_on_one_node(comm)
    ranks.all_or_none(comm, lambda: None)
    told = comm.bcast(None)
    _leave_mpi()
    return cluster.become_worker(told)


def _are_on_one_node(comm: Any) -> bool:
    """Return whether no worker needs a network; all ranks call this together."""
    from mpi4py import MPI  # noqa: PLC0415

    node = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    size = node.size
    node.Free()
    return bool(size == comm.size)


def _leave_mpi() -> None:
    """End MPI: the processes that this one starts, or becomes, must not be ranks."""
    from mpi4py import MPI  # noqa: PLC0415

    MPI.Finalize()
