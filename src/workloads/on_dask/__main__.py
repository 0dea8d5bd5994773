"""``python -m workloads.on_dask (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from workloads.on_dask import cluster
from workloads.on_dask.cluster import Process, Server, child, wait
from workloads.parallel import launchers, signals

_USAGE = """\
usage: python -m workloads.on_dask SCRIPT [ARGUMENT …]
       python -m workloads.on_dask -m MODULE [ARGUMENT …]

Below srun or mpiexec: makes a Dask worker of one thread of every rank, and runs
the program once, beside the first, when all of them are there. It finds the
cluster by DASK_SCHEDULER_FILE, and Client() without arguments does, too. The
cluster ends with the program; the exit code is the program's."""
# The scheduler writes the first when it listens, the second when all workers are there.
_LISTENS, _COMPLETE = "scheduler.json", "workers-are-there"


class DaskCluster:
    """Dask's kind of cluster: see `workloads.on_dask.cluster.Cluster`."""

    name = "on_dask"
    usage = _USAGE
    owner = "Dask"
    server_name = "scheduler"

    def why_not(self) -> str:
        """Return why there is no Dask here, or an empty string."""
        there = importlib.util.find_spec("distributed") is not None
        return "" if there else "Python has no module 'distributed' here"

    @contextlib.contextmanager
    def server(self, folder: Path, host: str, workers: int) -> Iterator[Server]:
        """Give a scheduler that has written its file, and its address."""
        # With an empty host Dask takes the address of the default route, and warns where
        # there is none.
        file = folder / _LISTENS
        words = (str(file), host, str(workers), str(folder / _COMPLETE))
        with child(_command("scheduler", *words), _environment()) as process:
            serving = {"Dask's scheduler": process}
            wait(lambda: bool(address(file)), serving, "Dask's scheduler is not there")
            yield process, address(file)

    def worker(self, connection: str) -> contextlib.AbstractContextManager[Process]:
        """Give a worker of the scheduler at that address."""
        return child(_command("worker", connection), _environment())

    def become_worker(self, connection: str) -> NoReturn:
        """Replace this process by a worker of the scheduler at that address."""
        sys.stdout.flush()
        with signals.sigint_blocked():
            os.execve(sys.executable, _command("worker", connection), _environment())  # noqa: S606

    def is_complete(self, folder: Path, workers: int) -> bool:  # noqa: ARG002
        """Return whether the scheduler has all its workers.

        It writes a file: a client would import all of Dask here, on the core where the
        scheduler and a worker are importing it.
        """
        return (folder / _COMPLETE).exists()

    def variables(self, folder: Path, connection: str, workers: int) -> dict[str, str]:  # noqa: ARG002
        """Return the variables by which a program finds the cluster."""
        file = str(folder / _LISTENS)
        return {"DASK_SCHEDULER_FILE": file, "DASK_SCHEDULER_ADDRESS": connection}


def _environment() -> dict[str, str]:
    return {
        # It would log each connection that comes and goes, and a heartbeat that is on its
        # way at the end; the process that started it reports an end that nobody wanted.
        "DASK_LOGGING__DISTRIBUTED": "critical",
        # Twice a second each worker would look for every disk of its node.
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__DISK": "False",
        **launchers.of_no_rank(os.environ),
    }


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "workloads.on_dask.server", *words]


def address(file: Path) -> str:
    """Return the address in a scheduler's file; empty while there is none."""
    try:
        return str(json.loads(file.read_bytes())["address"])
    except (OSError, ValueError):  # not there yet, or not all of it
        return ""


if __name__ == "__main__":
    sys.exit(cluster.main(sys.argv[1:], DaskCluster()))
