"""A Dask cluster: one on this machine, or a site's."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import cleanup, signals
from hpcpy_common.errors import UnavailableError, WorkerError
from workloads.parallel.workers import kill_processes, leave_signals_to_parent

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

VARIABLES = _, _FILE = "DASK_SCHEDULER_ADDRESS", "DASK_SCHEDULER_FILE"


@contextlib.contextmanager
def client(workers: Workers, prepare: Callable[[], object]) -> Iterator[Any]:
    """Give a client of the cluster that a variable names, else of one on this machine.

    `prepare` is called once in each worker. `workers.count` becomes that of a cluster that
    is there already; without workers there, or without an answer, this is UnavailableError.
    """
    name = next(filter(os.environ.get, VARIABLES), "")
    with _given(name, workers) if name else _local(workers.count) as connected:
        connected.run(prepare)
        yield connected


@contextlib.contextmanager
def _given(name: str, workers: Workers) -> Iterator[Any]:
    from dask.distributed import Client  # noqa: PLC0415

    value = os.environ[name]
    given = f"{name}={value}"
    # Its scheduler may end first: `failures` says so in one line, and these would say more.
    for logger in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    # Dask would wait for the file for ever.
    if name == _FILE and not Path(value).exists():
        hint = "dask scheduler --scheduler-file writes it"
        raise UnavailableError(f"{given}: no such file", hint=hint)
    try:
        place = {"scheduler_file": value} if name == _FILE else {"address": value}
        connected = Client(**place, timeout="30s")
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{given}: {error}") from error
    with connected:
        workers.count = sum(connected.nthreads().values())
        if not workers.count:
            raise UnavailableError(f"the cluster of {given} has no worker")
        yield connected


@contextlib.contextmanager
def _local(count: int) -> Iterator[Any]:
    import dask  # noqa: PLC0415
    from dask.distributed import Client, LocalCluster  # noqa: PLC0415

    # Forked by a server that has imported Dask: spawned workers would each import it anew.
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    with cleanup.on_stop(kill_processes):
        with signals.sigint_blocked():
            cluster = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                # None would mean port 8787, which another user may have taken.
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                # No limit but the machine's.
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        with cluster, Client(cluster) as connected:
            connected.run(leave_signals_to_parent)
            yield connected


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Raise WorkerError where Dask gives up a task, or its scheduler has ended."""
    from dask.distributed import KilledWorker  # noqa: PLC0415
    from distributed.client import FutureCancelledError  # noqa: PLC0415

    try:
        yield
    except KilledWorker as error:
        raise WorkerError("a Dask worker ended unasked, again and again") from error
    except FutureCancelledError as error:
        raise WorkerError("the Dask scheduler has ended") from error
