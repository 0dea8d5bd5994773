"""Make a cluster of a job's ranks, and run a program on it; `workloads.on_spark` does it, too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Protocol

from workloads import version
from workloads.bench import streams
from workloads.errors import UnavailableError, WorkerError, WorkloadError
from workloads.on_dask import START_SECONDS
from workloads.parallel import launchers, ranks
from workloads.preflight import program

Process = subprocess.Popen[bytes]

_LOOK_SECONDS = 0.02
# How long a process may take to tidy up after SIGTERM.
_END_SECONDS = 10


class Cluster(Protocol):
    """A kind of cluster: a server beside the first rank, and a worker of every rank."""

    name: str  # Of the command
    usage: str
    owner: str  # In messages: "Dask"
    server_name: str  # In messages: "scheduler"

    def why_not(self) -> str:
        """Return why there cannot be one here, or an empty string."""

    def server(self, folder: Path, host: str, workers: int) -> AbstractContextManager[Process]:
        """Give the server, with files in `folder`; without `host` it chooses its address."""

    def told(self, folder: Path) -> Any:
        """Return what a worker must know of the server."""

    def worker(self, told: Any) -> AbstractContextManager[Process]:
        """Give a worker beside this process."""

    def become_worker(self, told: Any) -> int:
        """Be a worker until the cluster ends; return the exit code."""

    def is_complete(self, folder: Path, workers: int) -> bool:
        """Return whether all workers are there."""

    def variables(self, folder: Path, told: Any, workers: int) -> dict[str, str]:
        """Return the variables by which a program finds the cluster."""


def main(words: list[str], cluster: Cluster) -> int:
    """Make a worker of this rank; on the first, run the server and the program as well.

    Returns
    -------
    int
        2 for wrong usage, 69 where there can be no cluster, 1 when a process of it has
        failed, 130 for Ctrl-C; otherwise the program's, and on all ranks but the first the
        worker's.
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
    with ExitStack() as stack:
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


def _start(stack: ExitStack, cluster: Cluster, host: str, workers: int) -> tuple[Path, Process]:
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


@contextlib.contextmanager
def child(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Give a process that ends with the block."""
    # A Ctrl-C during its start would end it with a traceback: it is started with SIGINT
    # blocked, and ignores it from its first line on.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process = subprocess.Popen(command, env=environment)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
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
    """Wait until something is there, while the processes that make it live.

    Raises
    ------
    UnavailableError
        When it is not there in time, or a process has ended.
    """
    end = time.monotonic() + START_SECONDS
    while not is_there():
        for name, process in serving.items():
            if process.poll() is not None:
                raise UnavailableError(f"{name} has ended with {process.returncode}")
        if time.monotonic() > end:
            raise UnavailableError(f"{problem} after {START_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


def run(words: list[str], variables: Mapping[str, str], serving: Mapping[str, Process]) -> int:
    """Run a program with the variables of its cluster, and return its exit code.

    Raises
    ------
    WorkerError
        When a process of `serving` has failed: the program might wait for it for ever.
    """
    environment = {**launchers.of_no_rank(os.environ), **variables}
    started = subprocess.Popen([sys.executable, *words], env=environment)
    stops = _pass_on_stops(started)
    known = {started.pid, *(process.pid for process in serving.values())}
    while started.poll() is None:
        # Wait for any child; its status is left for its own Popen to read.
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended is not None and ended.si_pid not in known:
            # The first process of a container gets orphans: nobody else reads their status.
            os.waitpid(ended.si_pid, 0)
        for name, process in serving.items():
            # 0 is an ordinary end; so is any code after a stop, which all of the job get.
            if process.poll() and not stops:
                started.kill()
                started.wait()
                raise WorkerError(f"{name} has ended with {process.returncode}")
    code = started.returncode
    return code if code >= 0 else 128 - code


def _pass_on_stops(started: Process) -> list[int]:
    """Pass SIGINT and SIGTERM on to a program, if it still runs a second later.

    A launcher or a terminal has sent them to it already, and a second one would keep it from
    tidying up. Return the list to which those that come are added.
    """
    numbers: list[int] = []
    later: list[threading.Timer] = []

    def stop(number: int, _: object) -> None:
        numbers.append(number)
        for timer in later:
            timer.cancel()
        # No alarm: the kernel may deliver it to one of MPI's threads, and this one waits on.
        later.append(threading.Timer(1, started.send_signal, [number]))
        later[-1].daemon = True
        later[-1].start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return numbers
