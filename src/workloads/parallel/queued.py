"""Worker processes with a queue of tasks and a queue of results.

That is what the pool of `multiprocessing` does behind its ``map``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workloads.errors import WorkerError, WorkloadError
from workloads.parallel import fork_server, tracing
from workloads.parallel.interrupts import held_back
from workloads.parallel.workers import START_SECONDS, leave_signals_to_parent, wait_for

if TYPE_CHECKING:
    from multiprocessing.context import (
        ForkServerContext,
        ForkServerProcess,
        SpawnContext,
        SpawnProcess,
    )
    from multiprocessing.synchronize import Barrier

    from workloads.parallel.workers import Workers

# How often a waiting process checks whether the other side is still alive.
_LOOK_SECONDS = 1.0
# Queues, kept until this process ends.  Otherwise its end may come after a queue's
# thread has removed its last semaphore and before it reports that: Python then warns of
# a leak.
_ended: list[Any] = []


class QueueWorkers:
    """Processes that take tasks from a queue, each when it is free."""

    def __init__(self, tasks: Any, results: Any) -> None:
        self._tasks, self._results = tasks, results
        self._looked = time.monotonic()
        self.processes: list[ForkServerProcess | SpawnProcess] = []

    def act(self, tasks: Sequence[object]) -> Iterator[Any]:
        """Give the tasks' results as they come.

        Raises
        ------
        WorkloadError
            What a task has raised; a WorkerError when a worker has ended.
        """
        with held_back():
            for task in tasks:
                self._tasks.put(task)
        for _ in tasks:
            result = self._next()
            if isinstance(result, WorkloadError):
                raise result
            yield result

    def _next(self) -> Any:
        while True:
            # Also while other workers still deliver results.
            if time.monotonic() - self._looked > _LOOK_SECONDS:
                self._look()
            with contextlib.suppress(queue.Empty):
                return self._results.get(timeout=_LOOK_SECONDS)

    def _look(self) -> None:
        self._looked = time.monotonic()
        dead = sum(not process.is_alive() for process in self.processes)
        if dead:
            raise WorkerError(f"{dead} of the worker processes ended unasked")


@contextlib.contextmanager
def started(
    workers: Workers, act: Callable[[Any], object], prepare: Callable[[], object], *modules: str
) -> Iterator[QueueWorkers]:
    """Give `workers.count` processes, all of them up.

    Parameters
    ----------
    workers
        Says how many.
    act
        Does a task.
    prepare
        Called once in each process: imports and compilation.
    modules
        What a fork server imports for all of them, besides those of `act` and `prepare`.

    Raises
    ------
    UnavailableError
        When they do not start.
    """
    needed = [act.__module__, prepare.__module__, *modules]
    with (
        fork_server.context(needed) as context,
        _up(workers.count, context, act, prepare) as found,
    ):
        yield found


@contextlib.contextmanager
def _up(
    count: int,
    context: ForkServerContext | SpawnContext,
    act: Callable[[Any], object],
    prepare: Callable[[], object],
) -> Iterator[QueueWorkers]:
    barrier = context.Barrier(count + 1)
    tasks, results = context.Queue(), context.Queue()
    arguments = (tasks, results, barrier, act, prepare)
    found = QueueWorkers(tasks, results)
    try:
        for _ in range(count):
            found.processes.append(context.Process(target=_work, args=arguments, daemon=True))
            found.processes[-1].start()
        wait_for(barrier, count)
        yield found
        for _ in found.processes:
            tasks.put(None)
        for process in found.processes:
            process.join()
    finally:
        for process in found.processes:
            process.terminate()
            process.join()
        for each in (tasks, results):
            # Otherwise this process waits at its end until all has been read.
            each.cancel_join_thread()
            each.close()
            _ended.append(each)


def _work(
    tasks: Any,
    results: Any,
    barrier: Barrier,
    act: Callable[[Any], object],
    prepare: Callable[[], object],
) -> None:
    leave_signals_to_parent()
    parent = multiprocessing.parent_process()
    prepare()
    tracing.join()
    try:
        barrier.wait(START_SECONDS)
    except threading.BrokenBarrierError:
        return  # the parent reports it
    # A parent that was killed sends no None to end this loop.
    while parent is not None and parent.is_alive():
        try:
            task = tasks.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if task is None:
            return
        try:
            results.put(act(task))
        except WorkloadError as error:
            results.put(error)
