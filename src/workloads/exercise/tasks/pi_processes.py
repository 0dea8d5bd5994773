"""Points counted by three processes, each of them once."""

from __future__ import annotations

import os
from typing import Any

from workloads.exercise.judging import note, noted, number, other_number, wait_for_others
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="nersc 12")
_PAIRS, _WORKERS = 1_000_000, 3  # no multiple


def hits(first: int, last: int) -> int:
    import numpy as np

    note(f"counted {first} {last}")
    wait_for_others("counted", _WORKERS)
    x, y = np.modf(np.arange(first, last) * np.sqrt([[2], [3]]))[0]
    return int(np.count_nonzero(x * x + y * y < 1))


def judge(module: Any) -> str:
    answer, end = number(module.compute(hits, _PAIRS, _WORKERS), int), 0
    counted = [(*map(int, rest.split()), process) for process, rest in noted("counted")]
    uneven = other_number("counted", _WORKERS)
    # A pair that was forgotten or counted twice may be no hit: the count may be right by luck.
    for first, last, _ in [*sorted(counted), (_PAIRS, _PAIRS, 0)]:
        if first != end:
            how = "again" if first < end else "by none"
            return f"pair {min(first, end):,} is counted {how}"
        end = last
    if answer != (want := hits(0, _PAIRS)):
        return f"the count is {answer:,}, not {want:,}"
    if mine := sum(last - first for first, last, process in counted if process == os.getpid()):
        return f"the count is right, but this process counted {mine:,} of {_PAIRS:,} pairs itself"
    return f"the count is right, but {uneven}" if uneven else ""
