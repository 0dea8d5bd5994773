"""The points, the areas with their reference answers, and the limits of what may be asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workloads.errors import UsageError

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array

_INT32_MAX = 2**31 - 1
# Points × maxiter of a sample: exactly all of area1, and 39 rows of area2, which pure
# Python computes in about two seconds instead of fifty.
_SAMPLE_TESTS = 80_000_000
# What one call of a technique fills: large enough that its start costs nothing,
# small enough that an image too large for memory is computed block by block.
_BLOCK_BYTES = 256 << 20


def _step(start: float, stop: float, count: int) -> float:
    return (stop - start) / (count - 1) if count > 1 else 0.0


@dataclass(frozen=True)
class Grid:
    """A window of the complex plane, its size in pixels, and the limit.

    Point `i` of an axis is ``start + i*step``: the last one is what that
    gives, not the exact end that ``numpy.linspace`` forces.
    A window, a size or a limit that makes no picture is a UsageError.
    """

    xmin: float
    xmax: float
    ymin: float
    ymax: float
    width: int
    height: int
    maxiter: int  # the most tests of a point
    dtype: str = "f8"  # of the coordinates; f4 for single precision

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1:
            raise UsageError(f"--size {self.width} {self.height}: both must be at least 1")
        if not 1 <= self.maxiter <= _INT32_MAX:
            raise UsageError(f"--maxiter {self.maxiter}: must be 1…{_INT32_MAX}")
        window = (self.xmin, self.xmax, self.ymin, self.ymax)
        shown = " ".join(f"{value:g}" for value in window)
        if not all(map(math.isfinite, (*window, self.xmax - self.xmin, self.ymax - self.ymin))):
            raise UsageError(f"--window {shown}: must be finite")
        if not (self.xmin < self.xmax and self.ymin < self.ymax):
            raise UsageError(f"--window {shown}: XMIN < XMAX and YMIN < YMAX are required")

    def axes(self, rows: range) -> tuple[Float64Array, Float64Array]:
        """Return the real parts of all columns, and the imaginary parts of `rows`.

        Their shapes are ``(width,)`` and ``(len(rows),)``. Kernels take these
        instead of start and step: a compiler that fuses ``start + i*step``
        would move points by a bit.
        """
        import numpy as np  # noqa: PLC0415

        columns = np.arange(self.width, dtype=np.float64)
        lines = np.arange(rows.start, rows.stop, rows.step, dtype=np.float64)
        xs = self.xmin + columns * _step(self.xmin, self.xmax, self.width)
        ys = self.ymin + lines * _step(self.ymin, self.ymax, self.height)
        return xs.astype(self.dtype), ys.astype(self.dtype)

    def sample(self) -> range:
        """Return the rows that a slow technique computes, evenly spread."""
        affordable = max(1, _SAMPLE_TESTS // (self.width * self.maxiter))
        return range(0, self.height, -(-self.height // affordable))

    def block_rows(self) -> int:
        """Return how many rows one call computes: all, or as many as a block of memory holds."""
        return max(1, min(self.height, _BLOCK_BYTES // (4 * self.width)))


@dataclass(frozen=True)
class Area:
    """A grid and, where it is known, its answer."""

    name: str
    grid: Grid
    # Of the little-endian int32 array, one row per y, and of the rows of `Grid.sample`.
    sha256: str = ""
    sample_sha256: str = ""
    # How often |z|² > 4 is asked; 0 when unknown.
    tests: int = 0
    # How many pixels differ from double precision's; 0 for an area in double.
    differing: int = 0


AREAS = {
    "area1": Area(
        "area1",
        Grid(-2.0, 0.5, -1.25, 1.25, 1000, 1000, 80),
        sha256="ce229c1440eafdcc4dd464b8667f31e0b7eea5ba24717ae2868e4bc3b1517dfe",
        tests=24_214_592,
    ),
    "area2": Area(
        "area2",
        Grid(-0.74877, -0.74872, 0.06505, 0.06510, 1000, 1000, 2048),
        sha256="641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192",
        sample_sha256="45c919f8d3d7808a36570b9099931bbfc53265b081325e5a2ec83379ebcba746",
        tests=583_056_169,
    ),
}

# The same in single precision. Pixels differ since rounding errors grow with the
# iterations, and since area2's 1,000 x are only 840 distinct numbers in 24 bits.
SINGLE_AREAS = {
    "area1-single": Area(
        "area1-single",
        replace(AREAS["area1"].grid, dtype="f4"),
        sha256="f317e0e04a3978b91921972b5f1c135272274b764f5744e6fb604106cd36353e",
        tests=24_214_342,
        differing=360,
    ),
    "area2-single": Area(
        "area2-single",
        replace(AREAS["area2"].grid, dtype="f4"),
        sha256="b76daf3a7bbf7393df58ffce94e67012d171a4550aa673626518d84498b28e46",
        tests=583_157_348,
        differing=462_890,
    ),
}
