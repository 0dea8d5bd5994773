"""One step of the heat equation without a loop over the points."""

from __future__ import annotations

import tracemalloc
from typing import Any

from workloads.exercise.judging import difference, lines_run, plate_and_step, wrong_r
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="heat numpy", function="step", second="step_into")


# Nobody sees by one r alone that it is used.
_RS = (0.25, 0.125)


def judge(module: Any) -> str:
    return next(filter(None, (_wrong_step(module, r) for r in _RS)), "")


def _wrong_step(module: Any, r: float) -> str:
    import numpy as np

    old, want = plate_and_step((30, 40), r)
    before = old.copy()
    answer, lines = lines_run(module, lambda: module.step(old, r))
    if not np.array_equal(old, before):
        return "old has changed: a step is written into a new array, old.copy() for one"
    if wrong := difference(answer, want, "step"):
        is_like = isinstance(answer, np.ndarray) and answer.dtype == want.dtype
        is_like = is_like and answer.shape == want.shape
        where = wrong_r(answer, old, r) if is_like and r != _RS[0] else ""
        rolled = is_like and np.array_equal(answer[1:-1, 1:-1], want[1:-1, 1:-1])
        return where + (f"the edge stays as it is: {wrong}" if rolled else wrong)
    return "" if lines < len(old) else f"the array is right, but {lines} lines of Python ran"


def judge_second(module: Any) -> str:
    return next(filter(None, (_wrong_into(module, r) for r in _RS)), "")


def _wrong_into(module: Any, r: float) -> str:
    import numpy as np

    old, want = plate_and_step((400, 600), r)
    before, new, work = old.copy(), old.copy(), np.zeros((398, 598))
    new[1:-1, 1:-1] = -1
    tracemalloc.start()
    _, lines = lines_run(module, lambda: module.step_into(old, new, work, r))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if not np.array_equal(old, before):
        return "old has changed: new and work alone are written"
    if (new[1:-1, 1:-1] == -1).all():
        return "new is as it was: write into it, new[1:-1, 1:-1], and return nothing"
    if wrong := difference(new, want, "step_into"):
        return f"{wrong_r(new, old, r) if r != _RS[0] else ''}in new {wrong}"
    if lines >= len(old):
        return f"new is right, but {lines} lines of Python ran"
    # NumPy itself takes some 10,000 numbers for casting.
    if most > old.nbytes // 4:
        return f"new is right, but {most:,} bytes more were in use, and a plate has {old.nbytes:,}"
    return ""
