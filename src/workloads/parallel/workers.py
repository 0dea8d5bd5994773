"""The workers a technique is given: threads, processes, ranks."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from concurrent import futures
from typing import Any, TypeVar

from hpcpy_common import ranks
from hpcpy_common.errors import UsageError, WorkerError

T = TypeVar("T")


def use_numba_threads(count: int) -> str:
    """Have Numba's parallel kernels run in `count` threads; return the kind of these threads.

    Too many are a UsageError.
    """
    numba = importlib.import_module("numba")
    most = numba.config.NUMBA_NUM_THREADS
    if count > most:
        fault = f"--workers {count}: Numba was started for at most {most} threads"
        raise UsageError(fault, hint=f"set NUMBA_NUM_THREADS={count}")
    numba.set_num_threads(count)
    return str(numba.threading_layer())


class Workers:
    """Workers of one technique, started on first use: `count` threads, processes or devices.

    `comm` is the communicator of the ranks that compute; by default all of them.
    """

    def __init__(self, count: int, comm: Any = None) -> None:
        self.count = count
        # Seconds of a device's kernels, by its own clock; techniques add to it.
        self.kernel_seconds = 0.0
        self.note = ""  # what was started: a device's name
        # Whether processes that a call starts and ends tell their peak memory, and what they told.
        self.asks_memory = False
        self.memory: list[tuple[int, str]] = []
        self._comm = comm
        self._started: dict[object, Any] = {}
        self._stack = contextlib.ExitStack()

    def started(
        self, start: Callable[..., contextlib.AbstractContextManager[T]], *arguments: Any
    ) -> T:
        """Return what `start` gives for these workers; it is called once and ends with them."""
        key = start, *arguments
        if key not in self._started:
            self._started[key] = self._stack.enter_context(start(self, *arguments))
        value: T = self._started[key]
        return value

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
