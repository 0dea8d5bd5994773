"""A GPU's threads that have no point of their own; by Numba's simulator, without a GPU."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import difference
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat numba-cuda",
    function="inside",
    needs=("numpy", "numba"),
    task="""
A GPU runs step in many threads, each for one point. They start in blocks of 16 × 16: for a
plate of 20 × 30 points there are more threads than points. inside says which of them have
something to do: those whose row i and column j are of a point that is not at the edge.

A GPU does not say that an index is too large: it writes elsewhere. This check runs the kernel in
Numba's simulator (NUMBA_ENABLE_CUDASIM=1), which needs no GPU, and does say it.
""",
    given='''
from numba import cuda


@cuda.jit(device=True)
def inside(i, j, shape):
    """Tell whether row i, column j is a point of a plate of this shape, and not at its edge."""
    raise NotImplementedError("compare i and j with both ends")


@cuda.jit
def step(old, new, r):
    """Do one step of this thread's point."""
    i, j = cuda.grid(2)
    if inside(i, j, old.shape):
        around = (old[i - 1, j] + old[i + 1, j]) + (old[i, j - 1] + old[i, j + 1])
        new[i, j] = old[i, j] + r * (around - 4.0 * old[i, j])
''',
    solution="""
    return 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1
""",
    hint="The last row is shape[0] - 1, and it is at the edge.",
)


def judge(module: Any) -> str:
    import numpy as np

    old = (np.arange(20.0 * 30) ** 2 % 97).reshape(20, 30)
    new, want = old.copy(), old.copy()
    around = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
    want[1:-1, 1:-1] += 0.25 * (around - 4 * old[1:-1, 1:-1])
    try:
        module.step[(2, 2), (16, 16)](old, new, 0.25)
    except IndexError:
        return "a thread beyond the plate has computed: both ends count, of i and of j"
    except NotImplementedError as error:
        # The simulator puts the thread's number before it.
        raise NotImplementedError(str(error).rpartition("]: ")[2]) from error
    if not (wrong := difference(new, want)):
        return ""
    inner = np.s_[1:-1, 1:-1]
    if np.array_equal(new[inner], want[inner]):
        return f"a point at the edge has changed: {wrong}"
    return (
        f"a point inside was left out: {wrong}"
        if (new == old).sum() > (want == old).sum()
        else wrong
    )
