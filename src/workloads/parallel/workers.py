"""The workers a technique is given: threads, processes, subinterpreters, ranks."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from typing import TYPE_CHECKING, Any, TypeVar

from workloads.errors import UnavailableError, WorkerError
from workloads.parallel import ranks, signals, tracing

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.synchronize import Barrier

T = TypeVar("T")
E = TypeVar("E", bound=Executor)

# Imported when workers start: --list must not import multiprocessing. And without types,
# which are checked for Python 3.11: InterpreterPoolExecutor is new in 3.14.
_futures: Any = importlib.import_module("concurrent.futures")
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
        """Return what `start` gives for these workers; it is called once and ends with them."""
        if start not in self._held:
            self._held[start] = self._stack.enter_context(start(self))
        value: T = self._held[start]
        return value

    def threads(self) -> ThreadPoolExecutor:
        """Return the pool of threads."""
        pool: ThreadPoolExecutor = self.hold(_threads)
        return pool

    def subinterpreters(self) -> Any:
        """Return the pool of subinterpreters, an `InterpreterPoolExecutor`, all of them up."""
        return self.hold(_subinterpreters)

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
            needed = [prepare.__module__, *modules]
            context = self._stack.enter_context(_context(method, needed))
            started = _processes(self.count, prepare, context)
            self._held[prepare] = self._stack.enter_context(started)
        pool: ProcessPoolExecutor = self._held[prepare]
        return pool

    @property
    def comm(self) -> Any:
        """The communicator of the ranks that compute."""
        return ranks.world() if self._comm is None else self._comm

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *failure: Any) -> None:
        self._stack.__exit__(*failure)
        error = failure[1]
        if error is None or getattr(error, "agreed", False) or ranks.several() is None:
            ranks.free_shared()
        if isinstance(error, BrokenExecutor):
            raise WorkerError("a worker process ended unasked") from error


@contextlib.contextmanager
def _ended(executor: E) -> Iterator[E]:
    """Give an executor; at the end drop what has not begun, and wait for what has."""
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _threads(workers: Workers) -> contextlib.AbstractContextManager[ThreadPoolExecutor]:
    return _ended(_futures.ThreadPoolExecutor(workers.count))


@contextlib.contextmanager
def _subinterpreters(workers: Workers) -> Iterator[Any]:
    # In a process that has imported these, the end of subinterpreters has called abort().
    for module, name in (("pyopencl", "OpenCL"), ("distributed", "Dask")):
        if module in sys.modules:
            raise UnavailableError(
                f"{name} has run in this process, and subinterpreters may then end it",
                hint="name subinterpreters first in --impl, or alone",
            )
    with _ended(_futures.InterpreterPoolExecutor(workers.count)) as pool:
        # One starts for each task that finds none idle. Each takes longer to
        # start than all tasks to hand out, so all of them start.
        list(pool.map(_nothing, range(workers.count)))
        yield pool


@contextlib.contextmanager
def _processes(count: int, prepare: Callable[[], object], context: Any) -> Iterator[Any]:
    """Give an executor, not a ``multiprocessing.Pool``: that waits for ever for a killed child."""
    barrier = context.Barrier(count + 1)
    pool = _futures.ProcessPoolExecutor(
        count, context, initializer=begin, initargs=(prepare, barrier)
    )
    with signals.on_stop(kill_processes), _ended(pool):
        # The executor starts a process for a task that finds none idle; the
        # barrier holds each until the last one is there.
        with signals.sigint_blocked():
            for number in range(count):
                pool.submit(_nothing, number)
        wait_for(barrier, count)
        yield pool


def kill_processes() -> None:
    """Kill worker processes on a stop: a task may take an hour."""
    import multiprocessing  # noqa: PLC0415

    for process in multiprocessing.active_children():
        process.kill()


def _context(method: str, modules: Sequence[str]) -> contextlib.AbstractContextManager[Any]:
    import multiprocessing  # noqa: PLC0415

    if method == "forkserver":
        return fork_server(modules)
    # A child that is forked while numba's, MPI's or OpenCL's threads run inherits
    # their locks in whatever state they are.
    count = len(os.listdir("/proc/self/task"))  # noqa: PTH208  (a count, no paths)
    if method == "fork" and count > 1:
        raise UnavailableError(
            f"this process has {count} threads, and a forked child would inherit their locks",
            hint="name fork first in --impl, or alone",
        )
    return contextlib.nullcontext(multiprocessing.get_context(method))


@contextlib.contextmanager
def fork_server(modules: Sequence[str]) -> Iterator[ForkServerContext | SpawnContext]:
    """Give the context of a server that imports `modules` once, for one block at a time.

    Processes share that memory. ``multiprocessing`` starts the server by ``exec``, so it
    has neither threads nor locks of this process, and is no MPI rank. It ends with the
    block: libraries read the environment when the server imports them.
    """
    from multiprocessing import forkserver  # noqa: PLC0415

    try:
        yield _started(modules)
    finally:
        # There is no public function; without this the server lives as long as this process.
        getattr(forkserver, "_forkserver")._stop()  # noqa: B009


def _started(modules: Sequence[str]) -> ForkServerContext | SpawnContext:
    import multiprocessing  # noqa: PLC0415
    from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *modules])
    try:
        # First, as its start unblocks SIGINT.
        resource_tracker.ensure_running()
        with signals.sigint_blocked():
            forkserver.ensure_running()
        # It starts when the server has imported all.
        first = context.Process(target=_nothing, args=(0,))
        first.start()
        first.join()
    except (OSError, EOFError):
        # No folder for its socket, or a module ends the server: a spawned worker reports that.
        return multiprocessing.get_context("spawn")
    return context


def wait_for(barrier: Barrier, workers: int) -> None:
    """Wait until every worker process has come to the barrier, or raise UnavailableError."""
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
    """Ignore Ctrl-C in a worker process: the parent gets it, too, and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def begin(prepare: Callable[[], object], barrier: Barrier) -> None:
    """Begin a worker process: prepare it, and wait until all are there."""
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


def _nothing(_: int) -> None:
    pass


def no_subinterpreters() -> str:
    """Return why there are no subinterpreters here, or an empty string."""
    return "" if sys.version_info >= (3, 14) else "subinterpreters need Python 3.14"


def gil_note() -> str:
    """Return the note on the GIL for threads of pure Python."""
    # A build of Python without a GIL has the function and answers False.
    held = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "one thread at a time holds the GIL" if held else "this Python has no GIL"
