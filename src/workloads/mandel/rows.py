"""Rows of a picture, as workers take them and give them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from workloads.bench.workload import Float64Array, Int32Array

    # A kernel: it fills ``out[row, column]`` with the escape time of ``xs[column] + i ys[row]``.
    Fill: TypeAlias = Callable[[Float64Array, Float64Array, int, Int32Array], None]
    # Returns the rows of some imaginary parts: `compute_rows` with the rest of the problem.
    Compute: TypeAlias = Callable[[Float64Array], Int32Array]

# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def row_groups(shape: tuple[int, ...], workers: int, each: int = _GROUPS) -> list[slice]:
    """Cut a picture's rows into about `each` slices a worker, to be dealt out as workers ask."""
    height, width = shape
    length = max(1, min(-(-height // (each * workers)), _GROUP_BYTES // (4 * width)))
    return [slice(first, min(first + length, height)) for first in range(0, height, length)]


def compute_rows(fill: Fill, xs: Float64Array, maxiter: int, ys: Float64Array) -> Int32Array:
    """Return the escape times of some rows, int32 of ``(len(ys), len(xs))``."""
    out = np.empty((len(ys), len(xs)), np.int32)
    fill(xs, ys, maxiter, out)
    return out
