"""Worker processes with a queue of tasks and a queue of results.

That is what the pool of `multiprocessing` does behind its ``map``.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import queue
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workloads.errors import WorkerError, WorkloadError
from workloads.parallel.workers import begin, fork_server, wait_for

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# How often a waiting process checks whether the other side is still alive.
_LOOK_SECONDS = 1.0


class QueueWorkers:
    """Processes that take tasks from a queue, each when it is free."""

    def __init__(self, context: Any) -> None:
        self.tasks, self.results = context.Queue(), context.Queue()
        self.processes: list[Any] = []

    def act(self, tasks: Sequence[object]) -> Iterator[Any]:
        """Give the tasks' results as they come; raise what a task has raised."""
        for task in tasks:
            self.tasks.put(task)
        for _ in tasks:
            result = self._next()
            if isinstance(result, WorkloadError):
                raise result
            yield result

    def _next(self) -> Any:
        while True:
            with contextlib.suppress(queue.Empty):
                return self.results.get(timeout=_LOOK_SECONDS)
            if dead := sum(not process.is_alive() for process in self.processes):
                raise WorkerError(f"{dead} of the worker processes ended unasked")


@contextlib.contextmanager
def started(
    workers: Workers, act: Callable[[Any], object], prepare: Callable[[], object], *modules: str
) -> Iterator[QueueWorkers]:
    """Give `workers.count` processes, all of them up, or raise UnavailableError.

    Each calls `prepare` first, and `act` for a task. The fork server imports both
    functions' modules, and those named.
    """
    with fork_server([act.__module__, prepare.__module__, *modules]) as context:
        barrier = context.Barrier(workers.count + 1)
        found = QueueWorkers(context)
        arguments = (found.tasks, found.results, act, prepare, barrier)
        try:
            for _ in range(workers.count):
                process = context.Process(target=_work, args=arguments, daemon=True)
                process.start()
                found.processes.append(process)
            wait_for(barrier, workers.count)
            yield found
            for _ in found.processes:
                found.tasks.put(None)
        except BaseException:
            # Otherwise this process waits at its end until all tasks have been read.
            found.tasks.cancel_join_thread()
            for process in found.processes:
                process.terminate()
            raise
        finally:
            for process in found.processes:
                process.join()
            found.tasks.close()
            # Its thread removes a semaphore, which the tracker would call leaked.
            found.tasks.join_thread()


def _work(tasks: Any, results: Any, act: Callable[[Any], object], *preparation: Any) -> None:
    begin(*preparation)
    parent = multiprocessing.parent_process()
    # A parent that was killed sends no None to end this loop.
    while parent is not None and parent.is_alive():
        with contextlib.suppress(queue.Empty):
            if (task := tasks.get(timeout=_LOOK_SECONDS)) is None:
                return
            try:
                results.put(act(task))
            except WorkloadError as error:
                results.put(error)
