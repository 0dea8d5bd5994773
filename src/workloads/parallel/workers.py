"""The workers a technique is given: how many, and how to reach them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import BaseContext
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from workloads.errors import UnavailableError, WorkerError
from workloads.parallel import fork_server, ranks, tracing
from workloads.parallel.interrupts import held_back

T = TypeVar("T")

# Generous: a cold filesystem may need half a minute for numpy's files.
START_SECONDS = 120.0


class Workers:
    """Workers of one technique; started on first use.

    Parameters
    ----------
    count
        Threads, processes or devices to use.
    comm
        The communicator of the ranks that compute; by default all of them.

    Attributes
    ----------
    kernel_seconds
        Seconds of a device's kernels by its own clock; techniques add to it.
    busy
        On rank 0 the processor seconds that each rank has computed, where a
        technique counts them by `workloads.parallel.ranks.balance`.
    """

    def __init__(self, count: int, comm: Any = None) -> None:
        self.count = count
        self.kernel_seconds = 0.0
        self.busy: list[float] = []
        self._comm = comm
        self._held: dict[object, Any] = {}
        self._stack = contextlib.ExitStack()

    def hold(self, start: Callable[[Workers], contextlib.AbstractContextManager[T]]) -> T:
        """Return what `start` gives for this workers; it ends with the workers.

        Parameters
        ----------
        start
            Starts a technique's own kind of workers; called once.
        """
        if start not in self._held:
            self._held[start] = self._stack.enter_context(start(self))
        value: T = self._held[start]
        return value

    def pool(
        self,
        prepare: Callable[[], object],
        *modules: str,
        method: str = "forkserver",
    ) -> ProcessPoolExecutor:
        """Return the pool of processes, all of them up.

        Parameters
        ----------
        prepare
            Called once in each process: imports and compilation.
        modules
            What a fork server imports for all of them, besides the module of `prepare`.
        method
            How they are started: ``forkserver``, ``spawn`` or ``fork``, the last only
            from a process of one thread.

        Raises
        ------
        UnavailableError
            When they do not start, or this process has too many threads to fork.
        """
        if prepare not in self._held:
            if method == "fork":
                _refuse_threads()
            starts = (
                fork_server.context([prepare.__module__, *modules])
                if method == "forkserver"
                else contextlib.nullcontext(multiprocessing.get_context(method))
            )
            started = _pool(self.count, prepare, self._stack.enter_context(starts))
            self._held[prepare] = self._stack.enter_context(started)
        pool: ProcessPoolExecutor = self._held[prepare]
        return pool

    def threads(self) -> ThreadPoolExecutor:
        """Return the pool of threads."""
        from workloads.parallel.pools import threads  # noqa: PLC0415

        return self.hold(threads)

    def subinterpreters(self) -> Any:
        """Return the pool of subinterpreters, an `InterpreterPoolExecutor`, all of them up."""
        from workloads.parallel.pools import subinterpreters  # noqa: PLC0415

        return self.hold(subinterpreters)

    @property
    def comm(self) -> Any:
        """The communicator of the ranks that compute."""
        return ranks.world() if self._comm is None else self._comm

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)
        if isinstance(failure[1], BrokenExecutor):
            raise WorkerError("a worker process ended unasked") from failure[1]


@contextlib.contextmanager
def _pool(
    workers: int, prepare: Callable[[], object], context: BaseContext
) -> Iterator[ProcessPoolExecutor]:
    """Give processes; at the end wait for the task that each is in.

    An executor, not ``multiprocessing.Pool``: that one waits for ever when a child is
    killed.
    """
    barrier = context.Barrier(workers + 1)
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(prepare, barrier))
    try:
        # The executor starts a process for a task that finds none idle; the
        # barrier holds each until the last one is there.
        with held_back():
            for _ in range(workers):
                pool.submit(_nothing)
        wait_for(barrier, workers)
        yield pool
    finally:
        # Not terminated: if a process is killed while it sends a large result,
        # the rest never comes and the pool waits for it for ever.
        pool.shutdown(cancel_futures=True)


def _refuse_threads() -> None:
    # A child that is forked while numba's, MPI's or OpenCL's threads run inherits
    # their locks in whatever state they are.
    count = len(os.listdir("/proc/self/task"))  # noqa: PTH208  (a count, no paths)
    if count > 1:
        raise UnavailableError(
            f"this process has {count} threads, and a forked child would inherit their locks",
            hint="run it before all that starts threads, or alone: --impl fork",
        )


def wait_for(barrier: Barrier, workers: int) -> None:
    """Wait until every worker process has come to the barrier.

    Raises
    ------
    UnavailableError
        When one does not.
    """
    try:
        barrier.wait(START_SECONDS)
    except threading.BrokenBarrierError as error:
        raise UnavailableError(
            f"{workers} worker processes did not start", hint="use fewer --workers"
        ) from error
    except BaseException:
        # On a stop: workers that are up would go on waiting for this process.
        barrier.abort()
        raise


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C in a worker process.

    The terminal sends it to every process of the group; the parent ends its
    workers, and none need print a traceback of its own.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _begin(prepare: Callable[[], object], barrier: Barrier) -> None:
    leave_signals_to_parent()
    try:
        prepare()
    except BaseException:
        barrier.abort()
        raise
    tracing.join()
    # Whoever broke the barrier reports why.
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(START_SECONDS)


def _nothing() -> None:
    pass
