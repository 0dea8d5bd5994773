"""The vector kernel: every level of processors, every way to be called, bad input."""

import hashlib
from typing import Any

import numpy as np
import pytest
import workloads.mandel._kernels_simd as kernel

from workloads.mandel.grid import AREAS, Grid
from workloads.mandel.python import escape_time

SMALL = Grid(-2.0, 0.5, -1.25, 1.25, 61, 7, 50)


def axes(grid: Any) -> Any:
    return grid.axes(range(grid.height))


def definition(grid: Any) -> Any:
    xs, ys = axes(grid)
    return [[escape_time(x, y, grid.maxiter) for x in xs.tolist()] for y in ys.tolist()]


def empty(grid: Any) -> Any:
    return np.full((grid.height, grid.width), -1, np.int32)


@pytest.mark.parametrize("level", kernel.levels)
@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_every_level_has_the_reference_bytes(area: Any, level: Any) -> None:
    out = empty(area.grid)
    kernel.fill(*axes(area.grid), area.grid.maxiter, out, level=level)
    assert hashlib.sha256(out).hexdigest() == area.sha256


# Pixels end in the first tests, within a stride, and exactly at its end.
LIMITS = [(23, 5, maxiter) for maxiter in range(1, 100)]
WIDTHS = [(width, 2, 60) for width in range(1, 140)]


@pytest.mark.parametrize("level", kernel.levels)
@pytest.mark.parametrize("shapes", [LIMITS, WIDTHS], ids=["limits", "widths"])
def test_every_shape_agrees_with_the_definition(shapes: Any, level: Any) -> None:
    for shape in shapes:
        grid = Grid(-2.0, 0.5, -1.25, 1.25, *shape)
        out = empty(grid)
        kernel.fill(*axes(grid), grid.maxiter, out, level=level)
        assert out.tolist() == definition(grid), shape


XS, YS = axes(SMALL)
FROZEN = empty(SMALL)
FROZEN.flags.writeable = False


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((XS.astype("f4"), YS, 50, empty(SMALL)), ValueError),
        ((XS[::2], YS, 50, empty(SMALL)), (TypeError, ValueError, BufferError)),
        ((XS, YS, 50, empty(SMALL)[:-1]), ValueError),
        ((XS, YS, 50, FROZEN), (TypeError, ValueError, BufferError)),
        ((XS, YS, 50, memoryview(bytearray(4 * FROZEN.size + 1))[1:]), ValueError),
        ((XS, YS, 2**31, empty(SMALL)), OverflowError),
        ((XS, YS, 50, empty(SMALL), np.zeros(2, np.int64)), ValueError),
        ((XS, YS, 50, empty(SMALL), np.zeros(1, np.int64), "x86-64-v9"), ValueError),
    ],
)
def test_unfit_buffers_are_refused_before_anything_is_written(arguments: Any, error: Any) -> None:
    before = np.array(arguments[3], copy=True)
    with pytest.raises(error):
        kernel.fill(*arguments)
    assert (np.array(arguments[3]) == before).all()
