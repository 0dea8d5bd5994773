"""Run several items at once, each after those it needs, the longest path first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TypeVar

from hpcpy.core.process_groups import stop_running

T = TypeVar("T")


def in_order(
    items: Sequence[T],
    needs: Callable[[T], Iterable[T]],
    do: Callable[[T], object],
    *,
    at_once: int,
    cost: Callable[[T], float] = lambda _: 0,
) -> None:
    """Call `do` for each item in a thread, as soon as those it needs are done.

    Of those that are ready, the one with the most `cost` up to the end starts first.  When one
    fails, those that run are waited for, so that minutes of compiling are kept, and its
    exception is raised; at a KeyboardInterrupt all commands are stopped at once.
    """
    ahead = _cost_ahead(items, needs, cost)
    order = TopologicalSorter({item: set(needs(item)) & set(items) for item in items})
    order.prepare()
    ready: list[T] = []
    running: dict[Future[object], T] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while order.is_active():
                ready += order.get_ready()
                ready.sort(key=lambda item: (-ahead[item], items.index(item)))
                while ready and len(running) < at_once:
                    item = ready.pop(0)
                    running[pool.submit(do, item)] = item
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    done.result()
                    order.done(running.pop(done))
        except BaseException as error:
            if not isinstance(error, Exception):
                stop_running()
            raise


def _cost_ahead(
    items: Sequence[T], needs: Callable[[T], Iterable[T]], cost: Callable[[T], float]
) -> dict[T, float]:
    """Return, for each item, the cost of the longest path from its start to the last item."""
    wanted = {item: set(needs(item)) & set(items) for item in items}
    ahead: dict[T, float] = {}
    for item in reversed([*TopologicalSorter(wanted).static_order()]):
        users = (one for one in items if item in wanted[one])
        ahead[item] = cost(item) + max((ahead[one] for one in users), default=0)
    return ahead


def side_by_side(*tasks: Callable[[], object]) -> None:
    """Call some functions at once, as `in_order` does."""
    numbers = range(len(tasks))
    in_order(numbers, lambda _: (), lambda number: tasks[number](), at_once=len(tasks))
