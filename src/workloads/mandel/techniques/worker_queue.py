"""Worker processes written out: a queue of tasks, one of results.

What the pool of `multiprocessing` does behind its ``map``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from workloads.errors import WorkerError
from workloads.harness import tracing
from workloads.harness.interrupts import held_back
from workloads.harness.team import START_SECONDS, leave_signals_to_parent, wait_for
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess
    from multiprocessing.synchronize import Barrier

    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid

# How often somebody who waits looks whether the other side is still alive.
_LOOK_SECONDS = 1.0
# Held until this process ends, which else may come between a queue's own thread
# removing its last semaphore and saying so, and is then warned of a leak.
_ended: list[Any] = []


class _Workers(NamedTuple):
    tasks: Any
    results: Any
    processes: list[SpawnProcess]


@contextlib.contextmanager
def _workers(team: Team) -> Iterator[_Workers]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(team.workers + 1)
    workers = _Workers(context.Queue(), context.Queue(), [])
    arguments = (workers.tasks, workers.results, barrier)
    try:
        for _ in range(team.workers):
            workers.processes.append(context.Process(target=_work, args=arguments, daemon=True))
            workers.processes[-1].start()
        wait_for(barrier, team.workers)
        yield workers
        for _ in workers.processes:
            workers.tasks.put(None)
        for process in workers.processes:
            process.join()
    finally:
        for process in workers.processes:
            process.terminate()
            process.join()
        for each in (workers.tasks, workers.results):
            # Else the end of this process waits until all has been read.
            each.cancel_join_thread()
            each.close()
            _ended.append(each)


def _work(tasks: Any, results: Any, barrier: Barrier) -> None:
    leave_signals_to_parent()
    parent = multiprocessing.parent_process()
    row_kernel.load()
    tracing.join()
    barrier.wait(START_SECONDS)
    # A parent that was killed can tell nobody.
    while parent is not None and parent.is_alive():
        try:
            task = tasks.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if task is None:
            return
        grid, first, part = task
        results.put((first, row_kernel.rows(grid, part)))


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` processes."""
    workers = team.hold(_workers)
    parts = groups(rows, grid.width, team.workers)
    with held_back():
        for first, part in parts:
            workers.tasks.put((grid, first, part))
    for _ in parts:
        first, block = _next(workers)
        out[first : first + len(block)] = block
    return f"{row_kernel.load()[0]} in each"


def _next(workers: _Workers) -> tuple[int, Int32Array]:
    while True:
        try:
            result: tuple[int, Int32Array] = workers.results.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            dead = sum(not process.is_alive() for process in workers.processes)
            if dead:
                raise WorkerError(f"{dead} of the worker processes ended unasked") from None
        else:
            return result
