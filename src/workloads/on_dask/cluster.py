"""Make a cluster of a job's ranks, and run a program on it; `workloads.on_spark` does it, too."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol

from workloads.errors import UnavailableError, WorkerError
from workloads.parallel import launchers, ranks, signals
from workloads.parallel.workers import START_SECONDS
from workloads.preflight import program

Process = subprocess.Popen[bytes]
# A server's process, and what a worker must know to connect with it.
Server = tuple[Process, Any]

_LOOK_SECONDS = 0.02
# How long a process may take to tidy up after SIGTERM.
_END_SECONDS = 10
# When SIGINT and SIGTERM are passed on to the program: a launcher or a terminal has sent them
# to it already, and a second one would keep it from tidying up.
_PASS_ON_SECONDS = 1


class Cluster(Protocol):
    """A kind of cluster: a server beside the first rank, and a worker of every rank."""

    name: str  # Of the command
    usage: str
    owner: str  # In messages: "Dask"
    server_name: str  # In messages: "scheduler"

    def why_not(self) -> str:
        """Return why there cannot be one here, or an empty string."""

    def server(self, folder: Path, host: str, workers: int) -> AbstractContextManager[Server]:
        """Give the server, with files in `folder`; without `host` it chooses its address."""

    def worker(self, connection: Any) -> AbstractContextManager[Process]:
        """Give a worker beside this process."""

    def become_worker(self, connection: Any) -> int:
        """Be a worker until the cluster ends; return the exit code."""

    def is_complete(self, folder: Path, workers: int) -> bool:
        """Return whether all workers are there."""

    def variables(self, folder: Path, connection: Any, workers: int) -> dict[str, str]:
        """Return the variables by which a program finds the cluster."""


def main(words: list[str], cluster: Cluster) -> int:
    """Make a worker of this rank; on the first, run the server and the program as well.

    The exit code is 2 for wrong usage, 69 where there can be no cluster, 1 when a process of
    it has failed, 130 for Ctrl-C; otherwise the program's, on other ranks the worker's.
    """
    return ranks.command(cluster.name, cluster.usage, words, lambda _: _start(words, cluster))


def _start(words: list[str], cluster: Cluster) -> int:
    program.require(words)
    if reason := cluster.why_not():
        raise UnavailableError(reason)
    comm = ranks.world()
    # No worker needs a network if all ranks share one node's memory.
    node = comm.Split_type(_mpi().COMM_TYPE_SHARED, comm.rank)
    host = "127.0.0.1" if node.size == comm.size else ""
    node.Free()
    if comm.rank == 0:
        return _first(comm, words, cluster, host)
    ranks.all_or_none(comm, lambda: None)
    connection = comm.bcast(None)
    # The processes that this one starts, or becomes, must not be ranks.
    _mpi().Finalize()
    return cluster.become_worker(connection)


def _first(comm: Any, words: list[str], cluster: Cluster, host: str) -> int:
    # SIGTERM raises SystemExit, so that whatever is started here ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    size, owner = comm.size, f"{cluster.owner}'s"
    with ExitStack() as stack:
        folder, found = ranks.all_or_none(comm, lambda: _serve(stack, cluster, host, size))
        server, connection = found
        comm.bcast(connection)
        _mpi().Finalize()
        worker = stack.enter_context(cluster.worker(connection))
        serving = {
            f"{owner} {cluster.server_name}": server,
            f"{owner} worker of the first rank": worker,
        }
        wait(lambda: cluster.is_complete(folder, size), serving, f"{owner} workers are not there")
        return run(words, cluster.variables(folder, connection, size), serving)


def _serve(stack: ExitStack, cluster: Cluster, host: str, workers: int) -> tuple[Path, Server]:
    """Return the cluster's folder and its server, both until the end of `stack`."""
    # Not a dash last: Dask reads its variables as Python, and warns of a path with "-1in".
    prefix = f"hpcpy-{cluster.owner.lower()}_"
    try:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
        return folder, stack.enter_context(cluster.server(folder, host, workers))
    except OSError as error:
        # Not raised as it is: the other ranks would wait for this one.
        name = f"{cluster.owner}'s {cluster.server_name}"
        raise UnavailableError(f"{name} does not start: {error}") from error


def _mpi() -> Any:
    return importlib.import_module("mpi4py.MPI")


@contextlib.contextmanager
def child(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Give a process that ends with the block."""
    # A Ctrl-C during its start would end it with a traceback; it ignores it from its first
    # line on.
    with signals.sigint_blocked():
        process = subprocess.Popen(command, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(is_there: Callable[[], bool], serving: Mapping[str, Process], problem: str) -> None:
    """Wait until something is there; UnavailableError if a process ends, or it takes too long."""
    end = time.monotonic() + START_SECONDS
    while not is_there():
        for name, process in serving.items():
            if process.poll() is not None:
                raise UnavailableError(f"{name} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise UnavailableError(f"{problem} after {START_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


def run(words: list[str], variables: Mapping[str, str], serving: Mapping[str, Process]) -> int:
    """Run a program with the variables of its cluster, and return its exit code.

    When a process of `serving` fails, this is WorkerError: the program might wait for it for
    ever.
    """
    environment = {**launchers.of_no_rank(os.environ), **variables}
    started = subprocess.Popen([sys.executable, *words], env=environment)
    stops: list[int] = []
    due = math.inf

    def stop(number: int, _: object) -> None:
        nonlocal due
        stops.append(number)
        due = time.monotonic() + _PASS_ON_SECONDS

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while started.poll() is None:
        for name, process in serving.items():
            # 0 is an ordinary end; so is any code after a stop, which all of the job get.
            if process.poll() and not stops:
                started.kill()
                started.wait()
                raise WorkerError(f"{name} has ended with {process.returncode}")
        if time.monotonic() > due:
            started.send_signal(stops[-1])
            due = math.inf
        time.sleep(_LOOK_SECONDS)
    code = started.returncode
    return code if code >= 0 else 128 - code
