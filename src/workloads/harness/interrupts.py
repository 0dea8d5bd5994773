"""A Ctrl-C in the middle of what must not be left half done.

Python raises KeyboardInterrupt between any two instructions of the main
thread: also when `concurrent.futures` or a queue has taken a lock and has not
yet entered the block that gives it back. Ending the workers then waits for
that lock for ever. Here the signal is noted, and raised where nothing is held.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def _noted(note: Callable[[], object]) -> Iterator[None]:
    """Have a Ctrl-C call `note`, where it would raise KeyboardInterrupt."""
    raises = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not raises or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: note())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end of the block, if a Ctrl-C came in it.

    For what takes moments: nobody can stop it meanwhile. Processes that are
    started in it never see the terminal's Ctrl-C; they have the mask of this
    thread, or of one that began in the block.
    """
    came: list[bool] = []
    with _noted(lambda: came.append(True)):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if came:
        raise KeyboardInterrupt


def run_all(
    executor: Executor, function: Callable[..., T], *columns: Iterable[Any]
) -> Iterator[tuple[int, T]]:
    """Call `function` in the executor's workers, as `Executor.map` does.

    Parameters
    ----------
    executor
        Threads, processes or subinterpreters.
    function
        What they call.
    columns
        Its arguments, of the same length each.

    Yields
    ------
    tuple of int and result
        The call's number and what it returned, in the order in which they end.
    """
    # Its `put` may be called in a signal handler, whatever the thread is in.
    ended: SimpleQueue[Future[T] | None] = SimpleQueue()
    with _noted(lambda: ended.put(None)):
        calls = [executor.submit(function, *row) for row in zip(*columns, strict=True)]
        numbers = {call: number for number, call in enumerate(calls)}
        del calls  # which would keep every result to the end
        for call in numbers:
            call.add_done_callback(ended.put)
        while numbers:
            done = ended.get()
            if done is None:
                raise KeyboardInterrupt
            yield numbers.pop(done), done.result()
        if not ended.empty():
            raise KeyboardInterrupt
