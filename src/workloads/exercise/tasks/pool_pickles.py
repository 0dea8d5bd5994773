"""A pool that pickles a large table once for each worker, not for each task."""

from __future__ import annotations

import os
from typing import Any

from workloads.exercise.judging import kind, note, noted, other_number, plain, wait_for_others
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nih 10", needs=())
_ROWS, _WORKERS = 24, 3


class Table:
    """Notes when it is pickled or taken for a tuple, and who adds up."""

    def total(self, row: int) -> int:
        note("total")
        wait_for_others("total", _WORKERS)
        return row * 37 % 24

    def __iter__(self) -> Any:
        note("iterated")
        return iter((self,))

    def __reduce__(self) -> Any:
        note("pickled")
        return Table, ()


def judge(module: Any) -> str:
    try:
        answer = module.compute(Table(), _ROWS, _WORKERS)
    except AttributeError as error:
        if "'NoneType'" not in str(error):
            raise
        return "the workers have no table: give start and the table to the pool"
    pickled, here = len(noted("pickled")), os.getpid()
    if any(process == here for process, _ in noted("total")):
        return "the totals are right, but this process computed them"
    if any(process != here for process, _ in noted("iterated")):
        return "initargs=(table) is the table itself: with a comma, (table,) is a tuple"
    uneven = other_number("total", _WORKERS)
    if wrong := _different(answer):
        return wrong
    if pickled > _WORKERS:
        return f"the table was pickled {pickled} times for {_WORKERS} workers"
    return f"the totals are right, but {uneven}" if uneven else ""


def _different(answer: Any) -> str:
    """Return how the answer differs from the list of the totals."""
    want = [Table().total(row) for row in range(_ROWS)]
    if answer is None:
        return f"{kind(answer)}: return the list of the totals"
    if plain(answer) == want:
        return ""
    if type(answer) is list and sorted(answer) == sorted(want):
        return "the totals are not in the order of the rows"
    return f"the answer is {answer}, not {want}"
