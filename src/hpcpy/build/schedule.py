"""Run several items at once, each after those it needs, the longest path first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TypeVar

from hpcpy.process_groups import stop_running

T = TypeVar("T")

# Of nice(1): a quarter of a core that is shared with a program of niceness 0.  With 10, a
# tenth, MPICH ended a minute after all other parts.
_NICE = 5


@dataclass(frozen=True)
class Chain:
    """The longest path through an item: what it waits for, and what waits for it.

    Attributes
    ----------
    before
        Cost of the longest path of items that it needs.
    cost
        Its own.
    behind
        Cost of the longest path of items that need it.
    """

    before: float
    cost: float
    behind: float

    @property
    def left(self) -> float:
        """Cost from its start to the end of the last one."""
        return self.cost + self.behind

    @property
    def whole(self) -> float:
        """Cost of the path from its first item to its last one."""
        return self.before + self.left


def chains(
    items: Sequence[T], needs: Callable[[T], Iterable[T]], cost: Callable[[T], float]
) -> dict[T, Chain]:
    """Return the longest path through each item.

    Parameters
    ----------
    items
        They must have no cycle.
    needs
        What an item needs; what is not among `items` costs nothing.
    cost
        Of one item.
    """
    wanted = {item: set(needs(item)) & set(items) for item in items}
    order = list(TopologicalSorter(wanted).static_order())
    before: dict[T, float] = {}
    behind: dict[T, float] = {}
    for item in order:
        before[item] = max((before[one] + cost(one) for one in wanted[item]), default=0)
    for item in reversed(order):
        users = (one for one in items if item in wanted[one])
        behind[item] = max((cost(one) + behind[one] for one in users), default=0)
    return {item: Chain(before[item], cost(item), behind[item]) for item in items}


def longest(found: Mapping[T, Chain]) -> float:
    """Return the cost of the longest path of all."""
    return max((chain.whole for chain in found.values()), default=0)


def niceness(found: Mapping[T, Chain], item: T) -> int:
    """Return the niceness of an item's commands.

    An item that nothing waits for yields to the others, unless it ends the longest path.
    """
    return 0 if found[item].behind or found[item].whole == longest(found) else _NICE


def in_order(
    items: Sequence[T],
    needs: Callable[[T], Iterable[T]],
    do: Callable[[T], object],
    *,
    at_once: int,
    cost: Callable[[T], float] = lambda _: 0,
) -> None:
    """Call `do` for each item, as soon as those it needs are done.

    Parameters
    ----------
    items
        They must have no cycle.
    needs
        What an item needs; what is not among `items` is there already.
    do
        Runs in a thread of its own.
    at_once
        How many, at most.
    cost
        Of one item.  Of those that are ready, the one with the most cost up to the
        end starts first; among equals the first of `items`.

    Raises
    ------
    BaseException
        What the first failed `do` has raised.  Those that run are waited for, so
        that minutes of compiling are kept; no further one starts.
        KeyboardInterrupt at once, with all commands stopped.
    """
    found = chains(items, needs, cost)
    order = TopologicalSorter({item: set(needs(item)) & set(items) for item in items})
    order.prepare()
    ready: list[T] = []
    running: dict[Future[object], T] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while order.is_active():
                ready += order.get_ready()
                ready.sort(key=lambda item: (-found[item].left, items.index(item)))
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


def side_by_side(*tasks: Callable[[], object]) -> None:
    """Call some functions at once, as `in_order` does."""
    numbers = range(len(tasks))
    in_order(numbers, lambda _: (), lambda number: tasks[number](), at_once=len(tasks))
