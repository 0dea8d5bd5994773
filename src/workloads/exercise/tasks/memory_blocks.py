"""A sum of arrays in blocks that stay in the cache; and the roofline of a node's ranks."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

from workloads.exercise.judging import difference, lines_run, number
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(slide="heat numpy", function="triad", second="seconds")
# The last block is a short one.
_LENGTH, _BLOCK = 100_003, 2048


def judge(module: Any) -> str:
    import numpy as np

    b, c = np.arange(float(_LENGTH)) % 97, np.arange(float(_LENGTH)) % 89
    a, given, want = np.full(_LENGTH, -1.0), (b.copy(), c.copy()), b + 2.5 * c
    # What a compiler needs once is not counted.
    module.triad(a.copy(), b.copy(), c.copy(), 2.5, _BLOCK)
    tracemalloc.start()
    _, lines = lines_run(module, lambda: module.triad(a, b, c, 2.5, _BLOCK))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for name, array, before in zip("bc", (b, c), given, strict=True):
        if not np.array_equal(array, before):
            return f"{name} has changed: a alone is written"
    if wrong := difference(a, want, "triad"):
        end = _LENGTH - _LENGTH % _BLOCK
        why = ": the last, shorter block" if np.array_equal(a[:end], want[:end]) else ""
        if (a == -1).all():
            why = ": a is as it was: write into it, a[k : k + block], and return nothing"
        return f"in a {wrong}{why}"
    if lines > 10 * (_LENGTH // _BLOCK):
        return f"a is right, but {lines:,} lines of Python ran: a loop over blocks has some each"
    if most <= a.nbytes // 4 and lines < _LENGTH // _BLOCK and not hasattr(module, "numba"):
        return f"a is right, but in one piece: take {_BLOCK} numbers at a time"
    # NumPy itself takes some 10,000 numbers for casting.
    if most > a.nbytes // 4:
        return f"a is right, but {most:,} bytes more were in use: a whole array has {a.nbytes:,}"
    return ""


_NODE = {"flops": 4e9, "core": 20e9, "memory": 50e9}


def judge_second(module: Any) -> str:
    # Bytes for each operation, and ranks: memory is the limit, then the cores are.
    for each, ranks in ((12, 1), (12, 2), (12, 8), (0.1, 1), (0.1, 8)):
        flops, moved = 1e9 * ranks, each * 1e9 * ranks
        compute, alone = flops / (ranks * 4e9), moved / (ranks * 20e9)
        move = max(alone, moved / 50e9)
        answer = number(module.seconds(flops, moved, ranks, dict(_NODE)), float, "seconds")
        if math.isclose(answer, max(compute, move)):
            continue
        shown = f"{ranks} ranks with {each} bytes for each operation: {answer:.3g} s, not "
        why = ""
        if math.isclose(answer, compute + move):
            why = ": both go on at the same time, and the longer time counts"
        elif math.isclose(answer, max(compute, alone)):
            why = ": the ranks share the node's memory"
        elif math.isclose(answer, max(compute, moved / 50e9)):
            why = ": a core alone does not get all that the memory gives"
        return f"{shown}{max(compute, move):.3g}{why}"
    return ""
