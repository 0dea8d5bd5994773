"""Clusters: groups of rows as Dask's futures, and as tasks of IPython engines."""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.bench import caches
from workloads.errors import UnavailableError, WorkerError
from workloads.mandel import row_kernel
from workloads.mandel.sharing import groups
from workloads.parallel import dask_client, signals
from workloads.parallel.workers import START_SECONDS

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

    Start = Callable[[Workers], AbstractContextManager[Any]]


def dask(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Submit groups of rows, on a local cluster or a site's, and take results as they come."""
    client = workers.hold(_client(kernel))
    from dask.distributed import as_completed  # noqa: PLC0415

    parts = groups(len(rows), grid.width, workers.count)
    # Not pure: rows that are asked for again must be computed again.
    places = {
        client.submit(row_kernel.rows, grid, rows[part], kernel, pure=False): part for part in parts
    }
    finished = as_completed(list(places), with_results=True)
    with dask_client.failures():
        for future, block in finished:
            # The cluster keeps a result as long as somebody here has its future.
            out[places.pop(future)] = block
    return f"{row_kernel.described(kernel)} in each"


@functools.cache
def _client(kernel: str) -> Start:
    return lambda workers: dask_client.client(workers, row_kernel.preparation(kernel))


def ipyparallel(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Map groups of rows: a load-balanced view sends each to a free engine."""
    from ipyparallel import error  # noqa: PLC0415

    view = workers.hold(_view(kernel))
    parts = groups(len(rows), grid.width, workers.count)
    work = [grid] * len(parts), [rows[part] for part in parts], [kernel] * len(parts)
    done = view.map_async(row_kernel.rows, *work, chunksize=1)
    try:
        while not done.ready():
            done.wait(5)
            # An engine that is no longer registered never answers.
            if len(view.client.ids) < workers.count:
                raise WorkerError("an IPython engine ended unasked")
        for part, block in zip(parts, done, strict=True):
            out[part] = block
        # The client keeps every result until it is purged.
        view.client.purge_local_results("all")
    except error.EngineError as failure:
        raise WorkerError("an IPython engine ended unasked") from failure
    return f"{row_kernel.described(kernel)} in each"


@functools.cache
def _view(kernel: str) -> Start:
    return lambda workers: _engines(workers, kernel)


@contextlib.contextmanager
def _engines(workers: Workers, kernel: str) -> Iterator[Any]:
    # IPython writes its logs and the connection's key there.
    caches.provide("IPYTHONDIR", "ipython")
    # Without a network it warns that it finds no address but the loopback.
    warnings.filterwarnings("ignore", "IPython could not determine IPs", RuntimeWarning)
    import ipyparallel as ipp  # noqa: PLC0415

    cluster = ipp.Cluster(
        n=workers.count,
        log_level=logging.CRITICAL,
        # An engine counts as there from its first heartbeat, by default every three
        # seconds: with 200 ms the start is much shorter. It counts as gone after 30 s
        # of silence, as by default: ten periods would be 2 s, which busy cores exceed.
        controller_args=["--HeartMonitor.period=200", "--HeartMonitor.max_heartmonitor_misses=150"],
        # Otherwise it would report on stderr that it stops.
        shutdown_atexit=False,
    )
    client = None
    try:
        with signals.sigint_blocked():
            cluster.start_cluster_sync()
            client = cluster.connect_client_sync()
        client.wait_for_engines(workers.count, interactive=False, timeout=START_SECONDS)
        _on_each(client, sys.path.__setitem__, slice(None), sys.path)
        _on_each(client, row_kernel.preparation(kernel))
        yield client.load_balanced_view()
    except TimeoutError as error:
        raise UnavailableError(
            f"{workers.count} IPython engines do not answer", hint="use fewer --workers"
        ) from error
    finally:
        if client is not None:
            client.close()
        cluster.stop_cluster_sync()


def _on_each(client: Any, function: Callable[..., object], *words: object) -> None:
    # Not `apply_sync`: it waits for ever for an engine that the controller has given up.
    client[:].apply_async(function, *words).get(START_SECONDS)
