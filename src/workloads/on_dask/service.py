"""The processes of a job's Dask cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from workloads.bench import caches
from workloads.on_dask.cluster import Process, child, wait
from workloads.parallel import launchers, signals

USAGE = """\
usage: python -m workloads.on_dask SCRIPT [ARGUMENT …]
       python -m workloads.on_dask -m MODULE [ARGUMENT …]

Below srun or mpiexec: makes a Dask worker of one thread of every rank, and runs
the program once, beside the first, when all of them are there. It finds the
cluster by DASK_SCHEDULER_FILE, and Client() without arguments does, too. The
cluster ends with the program; the exit code is the program's."""


class DaskCluster:
    """Dask's kind of cluster: see `workloads.on_dask.cluster.Cluster`."""

    name = "on_dask"
    usage = USAGE
    owner = "Dask"
    server_name = "scheduler"

    def why_not(self) -> str:
        """Return why there is no Dask here, or an empty string."""
        there = importlib.util.find_spec("distributed") is not None
        return "" if there else "Python has no module 'distributed' here"

    @contextlib.contextmanager
    def server(self, folder: Path, host: str, workers: int) -> Iterator[Process]:
        """Give a scheduler that has written its file; its workers end with it."""
        # With an empty host Dask takes the address of the default route, and warns where
        # there is none.
        file = _file(folder)
        words = (str(file), host, str(workers), str(_told(folder)))
        with child(_command("scheduler", *words), _environment()) as process:
            serving = {"Dask's scheduler": process}
            wait(lambda: bool(address(file)), serving, "Dask's scheduler is not there")
            yield process

    def told(self, folder: Path) -> str:
        """Return the scheduler's address."""
        return address(_file(folder))

    def worker(self, told: str) -> contextlib.AbstractContextManager[Process]:
        """Give a worker of the scheduler at that address."""
        return child(_command("worker", told), _environment())

    def become_worker(self, told: str) -> NoReturn:
        """Replace this process by a worker of the scheduler at that address."""
        sys.stdout.flush()
        with signals.sigint_blocked():
            os.execve(sys.executable, _command("worker", told), _environment())  # noqa: S606

    def is_complete(self, folder: Path, workers: int) -> bool:  # noqa: ARG002
        """Return whether the scheduler has all its workers.

        It says so itself, by a file: a client would import all of Dask here, on the core
        where the scheduler and a worker are importing it.
        """
        return _told(folder).exists()

    def variables(self, folder: Path, told: str, workers: int) -> dict[str, str]:  # noqa: ARG002
        """Return the variables by which a program finds the cluster."""
        return {"DASK_SCHEDULER_FILE": str(_file(folder)), "DASK_SCHEDULER_ADDRESS": told}


def _file(folder: Path) -> Path:
    return folder / "scheduler.json"


def _told(folder: Path) -> Path:
    return folder / "workers-are-there"


def _environment() -> dict[str, str]:
    caches.provide("DASK_TEMPORARY_DIRECTORY", "dask")
    return {
        # It would log each connection that comes and goes.
        "DASK_LOGGING__DISTRIBUTED": "error",
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
