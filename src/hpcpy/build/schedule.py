"""Several things at once, each after those it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

from hpcpy.stages import stop_running

T = TypeVar("T")


def in_order(
    items: Sequence[T],
    needs: Callable[[T], Iterable[T]],
    do: Callable[[T], object],
    *,
    at_once: int,
) -> None:
    """Call `do` for each item, as soon as those it needs are done.

    Parameters
    ----------
    items
        In the order of preference; it must have no cycle.
    needs
        What an item stands on; what is not among `items` is there already.
    do
        Runs in a thread of its own.
    at_once
        How many, at most.

    Raises
    ------
    BaseException
        What the first `do` that failed has raised, once those that were begun
        are done, too: minutes of compiling are kept.  Nothing more is begun.
        KeyboardInterrupt at once, with all commands stopped.
    """
    order = TopologicalSorter({item: set(needs(item)) & set(items) for item in items})
    order.prepare()
    running: dict[Future[object], T] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while order.is_active():
                for item in sorted(order.get_ready(), key=items.index):
                    running[pool.submit(do, item)] = item
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    done.result()
                    order.done(running.pop(done))
        except BaseException as error:
            for future in running:
                future.cancel()
            if not isinstance(error, Exception):
                stop_running()
            raise
