"""``python -m workloads.on_dask (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from workloads import version
from workloads.errors import UnavailableError, WorkloadError
from workloads.harness import ranks, streams
from workloads.on_dask import service
from workloads.preflight import program

_USAGE = """\
usage: python -m workloads.on_dask SCRIPT [ARGUMENT …]
       python -m workloads.on_dask -m MODULE [ARGUMENT …]

Below srun or mpiexec: makes a Dask worker of one thread of every rank, and runs
the program once, beside the first, when all of them are there. It finds the
cluster by DASK_SCHEDULER_FILE, and Client() without arguments does, too. The
cluster ends with the program; the exit code is the program's."""


def main(words: list[str]) -> int:
    """Be one of the cluster's workers, and on the first rank all else of it.

    Parameters
    ----------
    words
        The program and its arguments.

    Returns
    -------
    int
        2 for wrong usage, 69 where there is no cluster to be had; else the
        program's. Of the other ranks' processes workers are made.
    """
    if words[:1] in (["-h"], ["--help"]):
        streams.spell_in_ascii()
        print(_USAGE)
        return 0
    if words[:1] == ["--version"]:
        print(version.line())
        return 0
    # Asked now: once MPI has ended it can be asked no more.
    is_first = ranks.is_first()
    try:
        program.require(words)
        if importlib.util.find_spec("distributed") is None:
            raise UnavailableError("Python has no module 'distributed' here")
        comm = ranks.world()
        return _first(comm, words) if comm.rank == 0 else _other(comm)
    except WorkloadError as error:
        # What all ranks know the first one says.
        if is_first or not error.agreed:
            print(f"on_dask: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _first(comm: Any, words: list[str]) -> int:
    # Whatever is begun here ends with this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hpcpy-dask-"))
        file = Path(folder, "scheduler.json")
        host = "127.0.0.1" if _are_on_one_node(comm) else ""
        start = service.scheduler(file, host, comm.size)
        scheduler = ranks.together(comm, lambda: stack.enter_context(start))
        address = comm.bcast(service.address(file))
        _leave_mpi()
        worker = stack.enter_context(service.worker(address))
        serving = {"scheduler": scheduler, "worker of the first rank": worker}
        service.wait_for_workers(file, serving)
        return service.run(words, file, address, serving)


def _other(comm: Any) -> int:
    _are_on_one_node(comm)
    ranks.together(comm, lambda: None)
    address = comm.bcast(None)
    _leave_mpi()
    return service.become_worker(address)


def _are_on_one_node(comm: Any) -> bool:
    """Return whether no worker needs a network; all ranks call this together."""
    from mpi4py import MPI  # noqa: PLC0415

    node = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    size = node.size
    node.Free()
    return bool(size == comm.size)


def _leave_mpi() -> None:
    """End MPI: what this process starts, or becomes, is to have none of it."""
    from mpi4py import MPI  # noqa: PLC0415

    MPI.Finalize()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
