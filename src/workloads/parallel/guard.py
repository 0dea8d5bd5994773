"""Worker processes that are all up before one computes, hear no Ctrl-C, and end with their parent.

A technique starts its processes by `multiprocessing` or `concurrent.futures`, within `guarded`.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.synchronize import Barrier

from hpcpy_common import cleanup, signals
from hpcpy_common.errors import UnavailableError
from hpcpy_common.programs import START_SECONDS


@dataclass
class Guard:
    """What each worker process calls first, as a pool's initializer, and its parent waits for."""

    barrier: Barrier
    count: int
    modules: tuple[str, ...]

    def __call__(self) -> None:
        """Begin a worker process, and wait until all are there."""
        try:
            begin(*self.modules)
        except BaseException:
            self.barrier.abort()
            raise
        # Whoever broke the barrier reports why.
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait(START_SECONDS)

    def wait(self, pool: Executor | None = None) -> None:
        """Wait until every worker process is there, or raise UnavailableError."""
        if pool is not None:
            # One starts for each task that finds none idle; the barrier holds them.
            with signals.sigint_blocked():
                for number in range(self.count):
                    pool.submit(_nothing, number)
        try:
            self.barrier.wait(START_SECONDS)
        except threading.BrokenBarrierError as error:
            fault = f"{self.count} worker processes did not start"
            raise UnavailableError(fault, hint="use fewer --workers") from error


def begin(*modules: str) -> None:
    """Begin a worker process: it hears no Ctrl-C, ends with its parent, and imports modules."""
    leave_signals_to_parent()
    # A forked one has the parent's handlers.
    signals.handle(signal.SIG_DFL, (signal.SIGTERM, signal.SIGHUP))
    if parent := multiprocessing.parent_process():
        # The other workers hold the queue's end open: without this none would see a parent's.
        signals.kill_when_closed(parent.sentinel, os.getpid())
    import_modules(*modules)


@contextlib.contextmanager
def guarded(context: BaseContext, count: int, *modules: str) -> Iterator[Guard]:
    """Guard so many processes that a context starts: each imports these modules first.

    They are of a pool of `concurrent.futures`, not of `multiprocessing`: that waits for ever
    for a killed child.
    """
    is_forked = context.get_start_method() == "forkserver"
    preloaded = server(context, modules) if is_forked else contextlib.nullcontext()
    with killed_on_stop(), preloaded:
        yield Guard(context.Barrier(count + 1), count, modules)


@contextlib.contextmanager
def killed_on_stop() -> Iterator[None]:
    """Have a stop kill the processes that multiprocessing starts in the block."""
    # Its tracker ignores the other signals. A closed terminal's SIGHUP would end it before
    # this process, which would report that.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with cleanup.on_stop(kill_processes):
        yield


@contextlib.contextmanager
def server(context: BaseContext, modules: tuple[str, ...]) -> Iterator[None]:
    """Have a fork server import modules once: its processes share them.

    It is started by ``exec``, so it has neither threads nor locks, and is no MPI rank. It
    ends with the block, which has no other within it: libraries read the environment when the
    server imports them.
    """
    context.set_forkserver_preload(["__main__", *modules])
    with contextlib.ExitStack() as stack:
        # There is no public function; without this it lives as long as this process.
        stack.callback(getattr(forkserver, "_forkserver")._stop)  # noqa: B009
        try:
            with signals.sigint_blocked():
                forkserver.ensure_running()
            # It starts when the server has imported all.
            first = getattr(context, "Process")(target=_nothing, args=(0,))  # noqa: B009
            first.start()
            first.join()
        except EOFError as error:
            raise UnavailableError("the import of a module ended the fork server") from error
        except OSError as error:
            raise UnavailableError(
                f"no fork server starts ({error})", hint="set TMPDIR to another folder"
            ) from error
        yield


def import_modules(*names: str) -> None:
    """Import modules in a worker; return nothing, as a cluster would pickle them."""
    for name in names:
        importlib.import_module(name)


def kill_processes() -> None:
    """Kill worker processes on a stop: a task may take an hour."""
    for process in multiprocessing.active_children():
        process.kill()


def leave_signals_to_parent() -> None:
    """Ignore Ctrl-C in a worker process: the parent gets it, too, and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _nothing(_: int) -> None:
    pass
