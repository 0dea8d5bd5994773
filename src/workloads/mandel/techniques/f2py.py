"""Fortran 2008 through f2py, compiled when the image is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel._kernels_f2py import fill

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, _: Team) -> str:
    """Fill `out` on one core; Fortran sees its transpose as contiguous."""
    fill(*grid.axes(rows), grid.maxiter, out.T)
    return ""
