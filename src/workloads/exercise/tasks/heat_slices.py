"""One step of the heat equation without a loop over the points."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference, lines_run
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat numpy",
    function="step",
    task="""
A plate is an array `old` of n × m points. Return a new array of one step: each inner point is

    old + r * ((above + below) + (left + right) - 4 * old)

and the points at the edge are as in `old`, which itself stays as it is. Without a loop: all
inner points are one slice, old[1:-1, 1:-1], and those above them another one of its shape.
""",
    given='''
def step(old, r):
    """Return the plate one step later."""
    raise NotImplementedError("slices in place of loops")
''',
    solution="""
    inner = old[1:-1, 1:-1]
    around = (old[:-2, 1:-1] + old[2:, 1:-1]) + (old[1:-1, :-2] + old[1:-1, 2:])
    new = old.copy()
    new[1:-1, 1:-1] = inner + r * (around - 4 * inner)
    return new
""",
    hint="The points above the inner ones are in the rows from the first to the last but two.",
)


def judge(module: Any) -> str:
    import numpy as np

    # Small whole numbers and r = 1/4: every order of adding gives the same bits.
    old = (np.arange(30.0 * 40) ** 2 % 97).reshape(30, 40)
    before = old.copy()
    answer, lines = lines_run(module, lambda: module.step(old, 0.25))
    want = before.copy()
    around = before[:-2, 1:-1] + before[2:, 1:-1] + before[1:-1, :-2] + before[1:-1, 2:]
    want[1:-1, 1:-1] += 0.25 * (around - 4 * before[1:-1, 1:-1])
    if not np.array_equal(old, before):
        return "old has changed: a step is written into a new array, old.copy() for one"
    if wrong := difference(answer, want, "step"):
        rolled = np.array_equal(np.shape(answer), want.shape) and np.array_equal(
            answer[1:-1, 1:-1], want[1:-1, 1:-1]
        )
        return f"the edge stays as it is: {wrong}" if rolled else wrong
    return "" if lines < len(old) else f"the array is right, but {lines} lines of Python ran"
