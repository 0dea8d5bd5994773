"""How rows are shared out among workers, and how evenly that shares the tests."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workloads.bench.result import render

if TYPE_CHECKING:
    from workloads.bench.arrays import Int64Array
    from workloads.bench.result import Result

# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def groups(height: int, width: int, workers: int, each: int = _GROUPS) -> list[slice]:
    """Cut rows into about `each` slices a worker, to be dealt out to workers as they ask."""
    length = max(1, min(-(-height // (each * workers)), _GROUP_BYTES // (4 * width)))
    return [slice(first, min(first + length, height)) for first in range(0, height, length)]


def block(height: int, parts: int, part: int) -> slice:
    """Return the rows of a part in blocks of neighbours: the first parts have one more."""
    length, rest = divmod(height, parts)
    first = part * length + min(part, rest)
    return slice(first, first + length + (part < rest))


def balance_of(
    blocks: Sequence[Int64Array], width: int, counts: Sequence[int]
) -> Mapping[str, Any]:
    """Return how evenly each number of workers would share the tests, for a result's details.

    `blocks` has an array for each call of a technique, the tests of each row: all workers
    end one call before the next begins.
    """
    total = sum(int(tests.sum()) for tests in blocks)
    rows = []
    for workers in counts:
        row: dict[str, float] = {"workers": workers}
        for name, largest in _WAYS.items():
            # Workers beyond the number of rows get none.
            each = (largest(tests, width, min(workers, len(tests))) for tests in blocks)
            row[name] = total / (workers * sum(each))
        rows.append(row)
    return {"balance": rows}


def _block(tests: Int64Array, _: int, workers: int) -> int:
    return max(int(tests[block(len(tests), workers, part)].sum()) for part in range(workers))


def _cyclic(tests: Int64Array, _: int, workers: int) -> int:
    return max(int(tests[first::workers].sum()) for first in range(workers))


def _queue(tests: Int64Array, width: int, workers: int) -> int:
    """Deal groups out: the worker with the fewest tests so far is free first."""
    done = [0] * workers
    for group in groups(len(tests), width, workers):
        heapq.heapreplace(done, done[0] + int(tests[group].sum()))
    return max(done)


_WAYS = {"block": _block, "cyclic": _cyclic, "queue": _queue}


def balance_lines(results: Sequence[Result]) -> list[str]:
    """Return the table of the first right answer with all rows, or no lines."""
    for result in results:
        if result.ok and result.complete and result.details:
            rows = result.details[0]["balance"]
            table = [[str(row["workers"]), *(f"{row[way]:.2f}" for way in _WAYS)] for row in rows]
            lines = render([["workers", *_WAYS], *table]).splitlines()
            return ["balance of the tests, mean share by largest:", *lines]
    return []
