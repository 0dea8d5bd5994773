"""Cython: the scalar loop in C, compiled when the image is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel._kernels_cython import fill

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    fill(*grid.axes(rows), grid.maxiter, out)
    return ""
