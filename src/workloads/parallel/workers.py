"""The workers a technique is given: threads, processes, ranks."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any, TypeVar

from hpcpy_common import cleanup, ranks, signals
from hpcpy_common.errors import UnavailableError, WorkerError
from hpcpy_common.programs import START_SECONDS

T = TypeVar("T")


class Workers:
    """Workers of one technique, started on first use: `count` threads, processes or devices.

    `comm` is the communicator of the ranks that compute; by default all of them.
    """

    def __init__(self, count: int, comm: Any = None) -> None:
        self.count = count
        # Of a device's kernels, by its own clock; techniques add to it.
        self.kernel_seconds = 0.0
        self._comm = comm
        self._held: dict[object, Any] = {}
        self._stack = contextlib.ExitStack()

    def hold(
        self, start: Callable[..., contextlib.AbstractContextManager[T]], *arguments: Any
    ) -> T:
        """Return what `start` gives for these workers; it is called once and ends with them."""
        key = start, *arguments
        if key not in self._held:
            self._held[key] = self._stack.enter_context(start(self, *arguments))
        value: T = self._held[key]
        return value

    def threads(self) -> futures.ThreadPoolExecutor:
        """Return the pool of threads."""
        return self.hold(_threads)

    def pool(
        self, prepare: Callable[[], object], *modules: str, method: str = "forkserver"
    ) -> futures.ProcessPoolExecutor:
        """Return the pool of processes, all of them up, or raise UnavailableError.

        Each calls `prepare` once, for imports and compilation. A fork server imports `modules`
        for all. `method` is ``forkserver`` or ``spawn``.
        """
        return self.hold(_processes, prepare, modules, method)

    @property
    def comm(self) -> Any:
        """The communicator of the ranks that compute."""
        return ranks.world() if self._comm is None else self._comm

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)
        if isinstance(failure[1], futures.BrokenExecutor):
            raise WorkerError("a worker process ended unasked") from failure[1]


@contextlib.contextmanager
def _ended(executor: Any) -> Iterator[Any]:
    """Give an executor; at the end drop what has not begun, and wait for what has."""
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _threads(workers: Workers) -> contextlib.AbstractContextManager[futures.ThreadPoolExecutor]:
    return _ended(futures.ThreadPoolExecutor(workers.count))


@contextlib.contextmanager
def _processes(
    workers: Workers, prepare: Callable[[], object], modules: Sequence[str], method: str
) -> Iterator[futures.ProcessPoolExecutor]:
    """Give an executor, not a ``multiprocessing.Pool``: that waits for ever for a killed child."""
    import multiprocessing  # noqa: PLC0415

    count, spawn = workers.count, contextlib.nullcontext(multiprocessing.get_context("spawn"))
    with spawn if method == "spawn" else fork_server(modules) as context:
        barrier = context.Barrier(count + 1)
        pool = futures.ProcessPoolExecutor(
            count, context, initializer=begin, initargs=(prepare, barrier)
        )
        with cleanup.on_stop(kill_processes), _ended(pool):
            # One starts for each task that finds none idle; the barrier holds them.
            with signals.sigint_blocked():
                for number in range(count):
                    pool.submit(_nothing, number)
            wait_for(barrier, count)
            yield pool


@functools.cache
def importing(module: str) -> Callable[[], None]:
    """Return what imports a module in a worker, for `prepare`; the same object each time."""
    return functools.partial(_import, module)


def _import(module: str) -> None:
    # It returns nothing: a cluster would pickle the module.
    importlib.import_module(module)


def kill_processes() -> None:
    """Kill worker processes on a stop: a task may take an hour."""
    import multiprocessing  # noqa: PLC0415

    for process in multiprocessing.active_children():
        process.kill()


@contextlib.contextmanager
def fork_server(modules: Sequence[str]) -> Iterator[Any]:
    """Give the context of a server that imports `modules` once: its processes share them.

    It is started by ``exec``, so it has neither threads nor locks, and is no MPI rank. It
    ends with the block, which has no other within it: libraries read the environment when the
    server imports them.
    """
    import multiprocessing  # noqa: PLC0415
    from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *modules])
    with contextlib.ExitStack() as stack:
        # There is no public function; without this it lives as long as this process.
        stack.callback(getattr(forkserver, "_forkserver")._stop)  # noqa: B009
        try:
            # First, as its start unblocks SIGINT.
            resource_tracker.ensure_running()
            with signals.sigint_blocked():
                forkserver.ensure_running()
            # It starts when the server has imported all.
            first = context.Process(target=_nothing, args=(0,))
            first.start()
            first.join()
        except EOFError as error:
            raise UnavailableError("the import of a module ended the fork server") from error
        except OSError as error:
            raise UnavailableError(
                f"no fork server starts ({error})", hint="set TMPDIR to another folder"
            ) from error
        yield context


def wait_for(barrier: Any, workers: int) -> None:
    """Wait until every worker process has come to the barrier, or raise UnavailableError."""
    try:
        barrier.wait(START_SECONDS)
    except threading.BrokenBarrierError as error:
        fault = f"{workers} worker processes did not start"
        raise UnavailableError(fault, hint="use fewer --workers") from error


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C in a worker process: the parent gets it, too, and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def begin(prepare: Callable[[], object], barrier: Any) -> None:
    """Begin a worker process: prepare it, and wait until all are there."""
    import multiprocessing  # noqa: PLC0415

    leave_signals_to_parent()
    # A forked one has the parent's handlers.
    signals.handle(signal.SIG_DFL, (signal.SIGTERM, signal.SIGHUP))
    if parent := multiprocessing.parent_process():
        # The other workers hold the queue's end open: without this none would see a parent's.
        signals.kill_when_closed(parent.sentinel, os.getpid())
    try:
        prepare()
    except BaseException:
        barrier.abort()
        raise
    # Whoever broke the barrier reports why.
    with contextlib.suppress(threading.BrokenBarrierError):
        barrier.wait(START_SECONDS)


def _nothing(_: int) -> None:
    pass
