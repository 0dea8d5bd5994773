"""The workers a technique is given: how many, and how to reach them."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any

from workloads.errors import UnavailableError
from workloads.harness import ranks

# Generous: a cold filesystem may need half a minute for numpy's files.
_START_SECONDS = 120.0


class Team:
    """Workers of one technique; started on first use.

    Parameters
    ----------
    workers
        Threads, processes or devices to use.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def pool(self, prepare: Callable[[], object]) -> ProcessPoolExecutor:
        """Return the pool of spawned processes, all of them up.

        Spawned, not forked: a child forked while numba's, MPI's or OpenCL's
        threads run inherits their locks in whatever state they are. An
        executor, not ``multiprocessing.Pool``: that one waits for ever when
        a child is killed.

        Parameters
        ----------
        prepare
            Called once in each process: imports and compilation.

        Raises
        ------
        UnavailableError
            When they do not start.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            barrier = context.Barrier(self.workers + 1)
            self._pool = ProcessPoolExecutor(
                self.workers, context, initializer=_begin, initargs=(prepare, barrier)
            )
            # A process is started for a task that finds none idle; the
            # barrier holds each until the last one is there.
            for _ in range(self.workers):
                self._pool.submit(_nothing)
            try:
                barrier.wait(_START_SECONDS)
            except threading.BrokenBarrierError as error:
                raise UnavailableError(
                    f"{self.workers} worker processes did not start", hint="use fewer --workers"
                ) from error
        return self._pool

    @property
    def comm(self) -> Any:
        """The communicator of all ranks."""
        return ranks.world()

    def end(self) -> None:
        """End the processes; waits for the task each is in."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def team(workers: int) -> Iterator[Team]:
    """Give a `Team` and end its processes afterwards."""
    members = Team(workers)
    try:
        yield members
    finally:
        members.end()


def _begin(prepare: Callable[[], object], barrier: Barrier) -> None:
    # The terminal sends Ctrl-C to every process of the group; the parent
    # ends its pool, so that a child need not print a traceback of its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        prepare()
    except BaseException:
        barrier.abort()
        raise
    barrier.wait(_START_SECONDS)


def _nothing() -> None:
    pass
