"""A Dask cluster: a site's, or one of processes on this machine."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import signals
from hpcpy_common.errors import UnavailableError, WorkerError

if TYPE_CHECKING:
    from dask.distributed import Client

    from workloads.parallel.workers import Workers

VARIABLES = _, _FILE = "DASK_SCHEDULER_ADDRESS", "DASK_SCHEDULER_FILE"


@contextlib.contextmanager
def cluster(workers: Workers) -> Iterator[Any]:
    """Give what `Client` is for: the address that a variable names, else a cluster made here.

    `workers.count` becomes that of a cluster that is there already; without workers there, or
    without an answer, this is UnavailableError.
    """
    if name := next(filter(os.environ.get, VARIABLES), ""):
        yield _given(name, workers)
        return
    import dask  # noqa: PLC0415
    from dask.distributed import LocalCluster  # noqa: PLC0415

    from workloads.parallel.guard import killed_on_stop  # noqa: PLC0415

    # Forked by a server that has imported Dask: spawned workers would each import it anew.
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    with killed_on_stop():
        with signals.sigint_blocked():
            local = LocalCluster(
                n_workers=workers.count,
                threads_per_worker=1,
                # None would mean port 8787, which another user may have taken.
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                # No limit but the machine's.
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        with local:
            yield local


def _given(name: str, workers: Workers) -> str:
    """Return the address of a cluster that answers, and count its workers."""
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
        address = json.loads(Path(value).read_bytes())["address"] if name == _FILE else value
        with Client(address, timeout="30s", set_as_default=False) as client:
            workers.count = sum(client.nthreads().values())
    except (OSError, ValueError, KeyError) as error:
        raise UnavailableError(f"{given}: {error}") from error
    if not workers.count:
        raise UnavailableError(f"the cluster of {given} has no worker")
    return str(address)


def prepare(client: Any, *modules: str) -> None:
    """Have each worker import modules, and those of this machine leave Ctrl-C to this process."""
    from workloads.parallel.guard import import_modules, leave_signals_to_parent  # noqa: PLC0415

    if client.cluster is not None:
        client.run(leave_signals_to_parent)
    client.run(import_modules, *modules)


@contextlib.contextmanager
def client(workers: Workers, _: str, *modules: str) -> Iterator[Client]:
    """Connect to a cluster, a site's or one of `workers.count` processes, which import modules."""
    from dask.distributed import Client  # noqa: PLC0415

    with cluster(workers) as made, Client(made) as connected:
        prepare(connected, *modules)
        yield connected


@contextlib.contextmanager
def failures(_: Client) -> Iterator[None]:
    """Raise WorkerError where Dask gives up a task, or its scheduler has ended."""
    from dask.distributed import KilledWorker  # noqa: PLC0415
    from distributed.client import FutureCancelledError  # noqa: PLC0415

    try:
        yield
    except KilledWorker as error:
        raise WorkerError("a Dask worker ended unasked, again and again") from error
    except FutureCancelledError as error:
        raise WorkerError("the Dask scheduler has ended") from error
