"""An array as `write` has them, by NumPy, without a loop in Python."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference, lines_run
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="usc 11")


def judge(module: Any) -> str:
    import numpy as np

    x, y, t = np.arange(1.0, 41), np.arange(2.0, 32), 0.25
    answer, lines = lines_run(module, lambda: module.compute(x, y, t))
    y = y[:, np.newaxis]
    want = (x * y + t) / (x + y * y)
    if wrong := difference(answer, want):
        exchanged = getattr(answer, "shape", ()) == want.T.shape
        return f"rows and columns are exchanged: {wrong}" if exchanged else wrong
    # A function that NumPy calls for each row has one line for each.
    if lines < len(y):
        return ""
    loops = "np.vectorize, too, is a loop, and so is np.apply_along_axis"
    return f"the array is right, but {lines} lines of Python ran: {loops}"
