"""``hpcpy_job on_dask (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any, NoReturn

from hpcpy_common import ranks, signals
from hpcpy_common.command import leave_folder
from hpcpy_common.errors import UnavailableError, require_module
from hpcpy_job import cluster, program
from hpcpy_job.dask_worker import NO_DASHBOARD

_USAGE = """\
usage: python -m hpcpy_job on_dask SCRIPT [ARGUMENT …]
       python -m hpcpy_job on_dask -m MODULE [ARGUMENT …]

Below srun or mpiexec: makes a Dask worker of one thread of every rank, and runs
the program once, beside the first, when all of them are there. Client() without
arguments finds the cluster, DASK_SCHEDULER_ADDRESS names it. The cluster ends
with the program; the exit code is the program's."""
_WORKER: tuple[str, ...] = (sys.executable, "-m", "hpcpy_job.dask_worker")
_SETTINGS = {
    # It would log each connection that ends; the first rank reports those that should not.
    "DASK_LOGGING__DISTRIBUTED": "critical",
    # Twice a second each worker would look for every disk of its node.
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__DISK": "False",
}


def main(words: list[str]) -> int:
    """Make a worker of this rank; on the first, run the scheduler and the program as well.

    The exit code is 2 for wrong usage, 69 where there can be no cluster, 1 when a worker has
    failed, 130 for Ctrl-C; otherwise the program's, on other ranks the worker's.
    """
    return program.command("on_dask", _USAGE, words, _start)


def _start(words: list[str]) -> int:
    program.require(words)
    require_module("distributed")
    comm = ranks.world()
    host = cluster.host(comm)
    programs = cluster.environment_of_no_rank()
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    worker = _WORKER
    if folder := program.folder(words):
        leave_folder()
        # The scheduler, here, and the workers find what the program finds.
        sys.path.insert(0, folder)
        worker += (folder,)
    if comm.rank > 0:
        _become_worker(comm, worker)
    return _first(comm, host, worker, words, programs)


def _become_worker(comm: Any, worker: tuple[str, ...]) -> NoReturn:
    """Replace this process by a worker of the first rank's scheduler."""
    ranks.all_or_none(comm, lambda: None, idle=True)
    address = comm.bcast(None)
    cluster.leave_mpi()
    with signals.sigint_blocked():
        os.execve(sys.executable, [*worker, address], cluster.environment_of_no_rank())  # noqa: S606


def _first(
    comm: Any, host: str, worker: tuple[str, ...], words: list[str], programs: dict[str, str]
) -> int:
    """Run scheduler, worker and program; `programs` are the program's own variables."""
    signals.exit_when_stopped()
    size = comm.size
    scheduler = ranks.all_or_none(comm, lambda: _scheduler(host), idle=True)
    address = comm.bcast(scheduler.address)
    cluster.leave_mpi()
    with cluster.child([*worker, address], cluster.environment_of_no_rank()) as child:
        serving = {"Dask's worker of the first rank": child}
        cluster.wait("Dask's workers", lambda: len(scheduler.running) >= size, serving)
        return cluster.run(words, {**programs, "DASK_SCHEDULER_ADDRESS": address}, serving)


def _scheduler(host: str) -> Any:
    """Return a scheduler, in a thread of this process; the workers end with it."""
    from dask.distributed import Scheduler  # noqa: PLC0415

    async def start() -> Any:
        # Without a host Dask takes the default route's address, and warns where there is none.
        return await Scheduler(host=host or None, port=0, **NO_DASHBOARD)

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    try:
        return asyncio.run_coroutine_threadsafe(start(), loop).result()
    except Exception as error:
        # Not raised as it is, whatever it is: the other ranks would wait for this one.
        raise UnavailableError(f"Dask's scheduler does not start: {error}") from error
