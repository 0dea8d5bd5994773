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
A GPU runs step in many threads, each for one point. They start in blocks of 16 × 16: unless
both sides of a plate are multiples of 16, there are more threads than points. inside says which
threads have something to do: those whose row i and column j are of a point of the plate, whose
shape is `shape`, that is not at the edge.

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
    for shape in (20, 30), (33, 17):
        if wrong := _wrong_step(module, shape) or _wrong_inside(module.inside, shape):
            return wrong
    return ""


def _wrong_inside(inside: Any, shape: tuple[int, int]) -> str:
    """Say for which thread `inside` itself is wrong, whatever the kernel does with it."""
    function = getattr(inside, "fn", inside)  # the simulator's calls work in a kernel alone
    for i in range(shape[0] + 16):
        for j in range(shape[1] + 16):
            want = 0 < i < shape[0] - 1 and 0 < j < shape[1] - 1
            if bool(function(i, j, shape)) != want:
                return f"inside({i}, {j}, {shape}) is {not want}, not {want}"
    return ""


def _wrong_step(module: Any, shape: tuple[int, int]) -> str:
    import numpy as np

    old = (np.arange(float(shape[0] * shape[1])) ** 2 % 97).reshape(shape)
    new, want, inner = old.copy(), old.copy(), np.s_[1:-1, 1:-1]
    around = old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:]
    want[inner] += 0.25 * (around - 4 * old[inner])
    try:
        module.step[tuple(-(-each // 16) for each in shape), (16, 16)](old, new, 0.25)
    except IndexError:
        return "a thread beyond the plate has computed: both ends count, of i and of j"
    except NotImplementedError as error:
        # The simulator puts the thread's number before it.
        raise NotImplementedError(str(error).rpartition("]: ")[2]) from error
    if not (wrong := difference(new, want)):
        return ""
    if np.array_equal(new[inner], want[inner]):
        return f"a point at the edge has changed: {wrong}"
    return f"a point inside was left out: {wrong}"
