"""Dask: groups of rows as futures, on a cluster of this machine or a site's."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError, WorkerError
from workloads.harness import caches, tracing
from workloads.harness.team import leave_signals_to_parent
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


@contextlib.contextmanager
def _client(team: Team) -> Iterator[Any]:
    """Give a client of DASK_SCHEDULER_FILE's cluster, else of one of our own."""
    # Read when dask is imported; its worker processes inherit it.
    caches.provide("DASK_TEMPORARY_DIRECTORY", "dask")
    import dask  # noqa: PLC0415
    from dask.distributed import Client, LocalCluster  # noqa: PLC0415

    # Forked by a server that has imported Dask and runs no thread: spawned
    # ones would import it all anew.
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    with contextlib.ExitStack() as stack:
        given = os.environ.get("DASK_SCHEDULER_FILE")
        if given:
            try:
                client = stack.enter_context(Client(scheduler_file=given, timeout="30s"))
            except (OSError, ValueError) as error:
                raise UnavailableError(f"DASK_SCHEDULER_FILE={given}: {error}") from error
            team.workers = sum(client.nthreads().values())
            if not team.workers:
                raise UnavailableError(f"the cluster of DASK_SCHEDULER_FILE={given} has no worker")
        else:
            cluster = LocalCluster(
                n_workers=team.workers,
                threads_per_worker=1,
                # None would mean port 8787, which another user's may have.
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                # No limit but the machine's.
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster))
            client.run(leave_signals_to_parent)
        client.run(row_kernel.prepare)
        client.run(tracing.join)
        yield client
        client.run(tracing.leave)


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with the cluster's workers."""
    from dask.distributed import KilledWorker, as_completed  # noqa: PLC0415

    client = team.hold(_client)
    parts = groups(rows, grid.width, team.workers)
    # Not pure: the same rows asked for again are to be computed again.
    futures = [client.submit(row_kernel.rows, grid, part, pure=False) for _, part in parts]
    places = {future.key: first for future, (first, _) in zip(futures, parts, strict=True)}
    finished = as_completed(futures, with_results=True)
    # The cluster keeps a result as long as somebody here has its future.
    del futures
    try:
        for future, block in finished:
            first = places[future.key]
            out[first : first + len(block)] = block
    except KilledWorker as error:
        raise WorkerError("a Dask worker ended unasked, again and again") from error
    return f"{row_kernel.load()[0]} in each"
