"""Threads and subinterpreters as workers, for `Workers.hold`."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError
from workloads.parallel.interrupts import run_all

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# Imported without types, which are checked for Python 3.11: InterpreterPoolExecutor
# is new in 3.14. An older Python does not offer its techniques.
_futures: Any = importlib.import_module("concurrent.futures")


def no_subinterpreters() -> str:
    """Return why there are no subinterpreters here, or an empty string."""
    return "" if sys.version_info >= (3, 14) else "subinterpreters need Python 3.14"


def gil_note() -> str:
    """Return the note on the GIL for threads of pure Python."""
    # A build of Python without a GIL has the function and answers False.
    held = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "one thread at a time holds the GIL" if held else "this Python has no GIL"


@contextlib.contextmanager
def threads(workers: Workers) -> Iterator[ThreadPoolExecutor]:
    """Give `workers.count` threads; a failure drops what has not begun."""
    executor = ThreadPoolExecutor(workers.count)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def subinterpreters(workers: Workers) -> Iterator[Any]:
    """Give an executor of `workers.count` subinterpreters, all of them up.

    Raises
    ------
    UnavailableError
        When this process has imported OpenCL or Dask: the end of
        subinterpreters has then aborted it in ``free()``.
    """
    for module, name in (("pyopencl", "OpenCL"), ("distributed", "Dask")):
        if module in sys.modules:
            raise UnavailableError(
                f"{name} has run in this process, and subinterpreters may then end it",
                hint="name them before it, or run them by themselves",
            )
    interpreters = _futures.InterpreterPoolExecutor(workers.count)
    try:
        # One starts for each task that finds none idle. Each takes longer to
        # start than all tasks to hand out, so all of them start.
        for _ in run_all(interpreters, _nothing, range(workers.count)):
            pass
        yield interpreters
    finally:
        interpreters.shutdown(cancel_futures=True)


def _nothing(_: int) -> None:
    pass
