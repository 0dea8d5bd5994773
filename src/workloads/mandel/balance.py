"""How evenly the rows are shared out: exact for any number of workers, from the answer."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workloads.bench.result import render
from workloads.mandel.blocks import groups, share

if TYPE_CHECKING:
    from workloads.bench.arrays import Int64Array
    from workloads.bench.result import Result


def told(parts: Sequence[Int64Array], width: int, counts: Sequence[int]) -> Mapping[str, Any]:
    """Return the balance among each number of workers, for a result's details.

    Parameters
    ----------
    parts
        An array for each call of a technique: the tests of each row.  All workers
        end one call before the next begins.
    width
        Pixels in a row.
    counts
        The numbers of workers.
    """
    if not parts or not counts:
        return {}
    return {"balance": [{"workers": count, **_balance(parts, width, count)} for count in counts]}


def _balance(parts: Sequence[Int64Array], width: int, workers: int) -> dict[str, float]:
    """Return the mean share of the tests divided by the largest, for each way."""
    total = sum(int(tests.sum()) for tests in parts)
    found = {}
    for name, largest in _WAYS.items():
        # Workers beyond the number of rows get none.
        each = (largest(tests, width, min(workers, len(tests))) for tests in parts)
        found[name] = total / (workers * sum(each))
    return found


def _block(tests: Int64Array, _: int, workers: int) -> int:
    largest = first = 0
    for part in range(workers):
        count = share(len(tests), workers, part)
        largest = max(largest, int(tests[first : first + count].sum()))
        first += count
    return largest


def _cyclic(tests: Int64Array, _: int, workers: int) -> int:
    return max(int(tests[first::workers].sum()) for first in range(workers))


def _queue(tests: Int64Array, width: int, workers: int) -> int:
    """Deal groups out: the worker with the fewest tests so far is free first."""
    done = [0] * workers
    for first, part in groups(range(len(tests)), width, workers):
        heapq.heapreplace(done, done[0] + int(tests[first : first + len(part)].sum()))
    return max(done)


_WAYS = {"block": _block, "cyclic": _cyclic, "queue": _queue}


def lines(results: Sequence[Result]) -> list[str]:
    """Return the table of the first right answer with all rows, or no lines."""
    for result in results:
        if result.ok and result.complete and result.details:
            return ["balance of the tests, mean share by largest:", *_table(result.details[0])]
    return []


def _table(details: Mapping[str, Any]) -> list[str]:
    rows = [
        [str(row["workers"]), *(f"{row[way]:.2f}" for way in _WAYS)] for row in details["balance"]
    ]
    return render([["workers", *_WAYS], *rows]).splitlines()
