"""NumPy on the points that have not escaped yet, in the precision of the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array

# Arrays of this many points stay in a core's level-2 cache.
_POINTS = 16_384


def fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Fill `out`, a few rows at a time."""
    lines = max(1, _POINTS // len(xs))
    for first in range(0, len(ys), lines):
        part = ys[first : first + lines]
        cr, ci = np.tile(xs, len(part)), np.repeat(part, len(xs))
        # A number that overflows has escaped.
        with np.errstate(over="ignore", invalid="ignore"):
            _fill_points(cr, ci, maxiter, out[first : first + lines].reshape(-1))


def _fill_points(cr: Float64Array, ci: Float64Array, maxiter: int, out: Int32Array) -> None:
    # Real arithmetic: on some processors NumPy's complex product may fuse
    # operations, and then area2 differs.
    out[:] = maxiter - 1
    active = np.arange(len(cr))
    zr, zi = cr, ci
    for n in range(maxiter):
        zr2, zi2 = zr * zr, zi * zi
        inside = ~(zr2 + zi2 > 4.0)
        if not inside.all():
            out[active[~inside]] = n
            active = active[inside]
            if not len(active):
                return
            zr, zi, cr, ci = zr[inside], zi[inside], cr[inside], ci[inside]
            zr2, zi2 = zr2[inside], zi2[inside]
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    fill(xs, ys, 80, out)
    print(out)
