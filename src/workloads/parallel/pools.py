"""Pools whose workers are all up before the clock starts, and processes that end with this one."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from multiprocessing import connection
from multiprocessing.context import ForkProcess, ForkServerProcess, SpawnProcess
from typing import Any, Protocol, TypeVar

from hpcpy_common import machine, signals
from hpcpy_common.errors import WorkerError, described
from workloads.parallel.guard import begin, guarded, killed_on_stop, server
from workloads.parallel.workers import Workers

S = TypeVar("S")
T = TypeVar("T")
# How often the thread that watches a technique's processes sees whether there are new ones.
_LOOK_SECONDS = 0.2


class Pool(Protocol):
    """What techniques use of a pool: those of multiprocessing and concurrent.futures have it."""

    def map(self, function: Callable[[S], T], tasks: Iterable[S], /) -> Iterable[T]:
        """Have workers call a function with each of the tasks; give the answers in order."""


class _Processes(futures.ProcessPoolExecutor):
    """In place of multiprocessing's, which waits for ever for what a killed worker was to do."""

    def apply(self, function: Callable[..., T], arguments: Iterable[Any] = ()) -> T:
        """Have a worker call a function, and wait for it."""
        return self.submit(function, *arguments).result()


@contextlib.contextmanager
def pool(workers: Workers, starts: str, *modules: str) -> Iterator[futures.Executor]:
    """Start `workers.count` threads, interpreters or processes; processes import `modules`."""
    if starts == "thread":
        with futures.ThreadPoolExecutor(workers.count) as threads:
            yield threads
    elif starts == "interpreter":
        with futures.InterpreterPoolExecutor(workers.count) as interpreters:  # type: ignore[attr-defined]
            yield interpreters
    else:
        made = multiprocessing.get_context(starts)
        with (
            guarded(made, workers.count, *modules) as guard,
            _Processes(workers.count, made, initializer=guard) as processes,
        ):
            guard.wait(processes)
            yield processes


class _Watched:
    """A process that hears no Ctrl-C, ends with its parent, and reports how it ends."""

    modules: tuple[str, ...] = ()
    tells_memory = False
    report: Any = None  # the end of a pipe: its error is sent, or else how much memory it took

    def start(self) -> None:
        try:
            with signals.sigint_blocked():
                super().start()  # type: ignore[misc]
        finally:
            # The process alone has it now: when that is killed, the pipe ends.
            self.report.close()

    def run(self) -> None:
        try:
            begin(*self.modules)
            super().run()  # type: ignore[misc]
        except Exception as error:
            # The system's own tells what the caller makes of it.
            self.report.send(error if isinstance(error, OSError) else described(error))
            raise SystemExit(1) from None
        self.report.send(machine.peak_memory()[:1] if self.tells_memory else [])


class _Fork(_Watched, ForkProcess):
    pass


class _Spawn(_Watched, SpawnProcess):
    pass


class _ForkServer(_Watched, ForkServerProcess):
    pass


_KINDS = {"fork": _Fork, "spawn": _Spawn, "forkserver": _ForkServer}


class _Context:
    """Added to a context of multiprocessing: it knows the processes and queues that it makes."""

    def __init__(self, workers: Workers, modules: tuple[str, ...]) -> None:
        self.workers, self.modules = workers, modules
        self.processes: list[Any] = []
        self.reports: list[Any] = []
        self.queues: list[Any] = []
        self.failures: list[Exception] = []

    def Process(self, *arguments: Any, **more: Any) -> Any:  # noqa: N802  (multiprocessing's)
        process: Any = _KINDS[getattr(self, "_name")](*arguments, **more)  # noqa: B009
        reader, process.report = multiprocessing.Pipe(duplex=False)
        process.modules, process.tells_memory = self.modules, self.workers.asks_memory
        self.processes.append(process)
        self.reports.append(reader)
        return process

    def Pool(self, processes: int) -> _Processes:  # noqa: N802
        context: Any = self
        return _Processes(processes, context)

    def Queue(self, *arguments: Any) -> Any:  # noqa: N802
        self.queues.append(super().Queue(*arguments))  # type: ignore[misc]
        return self.queues[-1]

    def watch(self, end: Any) -> None:
        """Kill all processes when one has failed: the others may wait for it; until `end` ends."""
        while end not in (ready := connection.wait([*self.reports, end], _LOOK_SECONDS)):
            self.read(ready)

    def read(self, reports: Sequence[Any]) -> None:
        """Read what processes that have ended say of it."""
        for reader in reports:
            self.reports.remove(reader)
            try:
                end = reader.recv()
            except EOFError:
                end = WorkerError("a worker process ended unasked")
            if isinstance(end, Exception):
                self.failures.append(end)
                self.kill()
            else:
                self.workers.memory += end

    def kill(self) -> None:
        for each in self.queues:
            each.cancel_join_thread()  # nobody reads what is in it
        for process in self.processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def context(workers: Workers, starts: str, *modules: str) -> Iterator[Any]:
    """Give a start method's context; the fork server has imported the modules."""
    plain = type(multiprocessing.get_context(starts))
    made = type("Context", (_Context, plain), {})(workers, modules)
    is_forked = starts == "forkserver"
    with killed_on_stop(), server(made, modules) if is_forked else contextlib.nullcontext():
        yield made


@contextlib.contextmanager
def watched(made: _Context) -> Iterator[None]:
    """End a technique's processes with its call, and raise what one of them has failed with."""
    end, own_end = multiprocessing.Pipe(duplex=False)
    watch = threading.Thread(target=made.watch, args=(end,), daemon=True)
    watch.start()
    try:
        yield
    except BaseException:
        made.kill()
        # A stop kills them, too: then its own exception is the reason.
        if made.failures and not signals.asked():
            raise made.failures[0] from None
        raise
    finally:
        own_end.close()
        watch.join()
        end.close()
        made.read(connection.wait(made.reports, 0))
        for each in made.queues:
            each.close()
            # Its thread removes a semaphore, which the tracker would call leaked.
            each.join_thread()
        made.processes, made.queues = [], []
    if made.failures:
        raise made.failures[0]
