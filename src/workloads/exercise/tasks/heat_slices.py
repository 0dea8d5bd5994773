"""One step of the heat equation without a loop over the points."""

from __future__ import annotations

import tracemalloc
from typing import Any

from workloads.exercise.judging import difference, lines_run, plate_and_step
from workloads.exercise.tasks import Exercise, Second

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
import numpy as np


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
    second=Second(
        function="step_into",
        task="""
Each operation of step makes a new array, and the memory for it is asked for and filled anew. Do
the same step without one: fill the inner points of `new`, whose edge is there already. `work` is
an array of the inner points' shape for what lies between, and NumPy writes into it by
np.add(a, b, out=work), work += a, work *= 2. A slice is no new array.
""",
        given='''
def step_into(old, new, work, r):
    """Fill the inner points of `new` by those one step later."""
    raise NotImplementedError("np.add into work, then work += ..., and the result into new")
''',
        solution="""
    inner = old[1:-1, 1:-1]
    np.add(old[:-2, 1:-1], old[2:, 1:-1], out=work)
    work += old[1:-1, :-2]
    work += old[1:-1, 2:]
    np.multiply(inner, 4, out=new[1:-1, 1:-1])
    work -= new[1:-1, 1:-1]
    work *= r
    np.add(inner, work, out=new[1:-1, 1:-1])
""",
        hint="4 * inner would be a new array: new[1:-1, 1:-1] has room for it until the end.",
    ),
)


def judge(module: Any) -> str:
    import numpy as np

    old, want = plate_and_step((30, 40))
    before = old.copy()
    answer, lines = lines_run(module, lambda: module.step(old, 0.25))
    if not np.array_equal(old, before):
        return "old has changed: a step is written into a new array, old.copy() for one"
    if wrong := difference(answer, want, "step"):
        rolled = np.array_equal(np.shape(answer), want.shape) and np.array_equal(
            answer[1:-1, 1:-1], want[1:-1, 1:-1]
        )
        return f"the edge stays as it is: {wrong}" if rolled else wrong
    return "" if lines < len(old) else f"the array is right, but {lines} lines of Python ran"


def judge_second(module: Any) -> str:
    import numpy as np

    old, want = plate_and_step((400, 600))
    before, new, work = old.copy(), old.copy(), np.zeros((398, 598))
    new[1:-1, 1:-1] = -1
    tracemalloc.start()
    _, lines = lines_run(module, lambda: module.step_into(old, new, work, 0.25))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if not np.array_equal(old, before):
        return "old has changed: new and work alone are written"
    if (new[1:-1, 1:-1] == -1).all():
        return "new is as it was: write into it, new[1:-1, 1:-1], and return nothing"
    if wrong := difference(new, want, "step_into"):
        return f"in new {wrong}"
    if lines >= len(old):
        return f"new is right, but {lines} lines of Python ran"
    # NumPy itself takes some 10,000 numbers for casting.
    if most > old.nbytes // 4:
        return f"new is right, but {most:,} bytes more were in use, and a plate has {old.nbytes:,}"
    return ""
