"""IPython engines: a load-balanced view sends each group to a free engine."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from workloads.bench import caches
from workloads.errors import UnavailableError, WorkerError
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import signals, tracing
from workloads.parallel.workers import START_SECONDS

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


# Seconds between two checks that all engines are still there.
_LOOK_SECONDS = 5.0


@contextlib.contextmanager
def _view(workers: Workers) -> Iterator[Any]:
    # IPython writes its logs and the connection's key there.
    caches.provide("IPYTHONDIR", "ipython")
    # Without a network it warns that it finds no address but the loopback.
    warnings.filterwarnings("ignore", "IPython could not determine IPs", RuntimeWarning)
    import ipyparallel as ipp  # noqa: PLC0415

    cluster = ipp.Cluster(
        n=workers.count,
        log_level=logging.CRITICAL,
        # An engine counts as there from its first heartbeat, by default every three
        # seconds: with 200 ms the start is much shorter.  It counts as gone after 30 s
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
        _on_each(client, row_kernel.prepare)
        _on_each(client, tracing.join)
        yield client.load_balanced_view()
        _on_each(client, tracing.leave)
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


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` engines.

    Raises
    ------
    UnavailableError
        When the engines do not start.
    WorkerError
        When an engine ends unasked.
    """
    from ipyparallel import error  # noqa: PLC0415

    view = workers.hold(_view)
    parts = groups(rows, grid.width, workers.count)
    work = [grid] * len(parts), [part for _, part in parts]
    done = view.map_async(row_kernel.rows, *work, chunksize=1)
    try:
        while not done.ready():
            done.wait(_LOOK_SECONDS)
            # An engine that is no longer registered never answers.
            if len(view.client.ids) < workers.count:
                raise WorkerError("an IPython engine ended unasked")
        for (first, part), block in zip(parts, done, strict=True):
            out[first : first + len(part)] = block
        # The client keeps every result until it is purged.
        view.client.purge_local_results("all")
    except error.EngineError as failure:
        raise WorkerError("an IPython engine ended unasked") from failure
    return f"{row_kernel.told()} in each"
