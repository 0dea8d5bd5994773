"""Points counted by three processes, each of them once."""

from __future__ import annotations

import os
import time
from multiprocessing import parent_process
from typing import Any

from workloads.exercise.judging import kind, note, noted
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="nersc 12",
    task="""
Return how many of the pairs 0 ... pairs - 1 are hits; 4 * hits / pairs is about pi.

hits(first, last) counts the hits among first, first + 1, ... last - 1. Let each worker, a
process, count its share: no pair twice, and none forgotten, although the number of pairs
is no multiple of the number of workers.
""",
    given='''
from concurrent.futures import ProcessPoolExecutor


def compute(hits, pairs, workers):
    """Return the hits among the pairs, counted by `workers` processes."""
    raise NotImplementedError("share the pairs among processes, add up what they count")
''',
    solution="""
    bounds = [pairs * worker // workers for worker in range(workers + 1)]
    with ProcessPoolExecutor(workers) as pool:
        return sum(pool.map(hits, bounds[:-1], bounds[1:]))
""",
    hint="Worker w counts from pairs * w // workers to pairs * (w + 1) // workers.",
)
_PAIRS, _WORKERS = 1_000_000, 3  # no multiple
_WAIT_SECONDS = 10.0


def hits(first: int, last: int) -> int:
    import numpy as np

    note(f"counted {first} {last}")
    if parent_process() is not None:
        _wait_for_another()
    x, y = np.modf(np.arange(first, last) * np.sqrt([[2], [3]]))[0]
    return int(np.count_nonzero(x * x + y * y < 1))


def _wait_for_another() -> None:
    # On a busy machine the first worker would have taken all shares before others begin.
    end = time.monotonic() + _WAIT_SECONDS
    while len({process for process, _ in noted("counted")}) < 2 and time.monotonic() < end:
        time.sleep(0.01)


def judge(module: Any) -> str:
    answer, end = module.compute(hits, _PAIRS, _WORKERS), 0
    if type(answer) is not int:
        return f"{kind(answer)}, not int"
    counted = [(*map(int, rest.split()), process) for process, rest in noted("counted")]
    # A pair that was forgotten or counted twice may be no hit: the count may be right by luck.
    for first, last, _ in [*sorted(counted), (_PAIRS, _PAIRS, 0)]:
        if first != end:
            how = "again" if first < end else "by none"
            return f"pair {min(first, end):,} is counted {how}"
        end = last
    if answer != (want := hits(0, _PAIRS)):
        return f"the count is {answer:,}, not {want:,}"
    processes = {process for _, _, process in counted}
    if os.getpid() in processes or len(processes) < 2:
        return f"the count is right, but {_WORKERS} other processes were to count"
    return ""
