"""Areas: their points, their reference answers, and whether what was computed is right."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpcpy_common import machine
from hpcpy_common.errors import UsageError
from workloads.mandel.registry import TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array

_INT32_MAX = 2**31 - 1
# Points × maxiter of a sample: exactly all of area1, and 39 rows of area2, which pure
# Python computes in about two seconds instead of fifty.
_SAMPLE_TESTS = 80_000_000
# What one call of a technique fills: large enough that its start costs nothing,
# small enough that an image too large for memory is computed block by block.
_BLOCK_BYTES = 256 << 20
# Exact kernels of one core, the fastest first. What another one has computed is
# compared with the first of them that can run here.
_EXACT = ("cython", "numba", "numpy", "python-2")
_EXACT_SINGLE = ("numba-single", "numpy-single")
# On a window without a reference so many tests, a second of pure Python, are done again.
# They are of whole rows, if they are enough for some.
_COMPARED_TESTS = 10_000_000
_SOME_ROWS = 16


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

    def require_memory(self) -> None:
        """Raise a UsageError for an image whose blocks do not fit into memory."""
        # Under three blocks of rows: one, the same again while the workers' shares
        # are on their way, half while they are put in order. And 100 bytes a
        # column: a kernel's arrays for one row of points.
        need = (3 * 4 * self.block_rows() + 100) * self.width
        machine.require_memory(need, f"--size {self.width} {self.height}")


@dataclass(frozen=True)
class Area:
    """A grid and, where it is known, its answer."""

    name: str
    grid: Grid
    # The digests of the little-endian int32 array, one row per y, and of `Grid.sample`'s rows.
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


class Answer:
    """The escape times of some rows of an area, taken in block by block and in order.

    They are not compared with what has `computed_by`: the technique and its kernel.
    """

    def __init__(self, area: Area, rows: range, computed_by: Collection[str] = ()) -> None:
        self.area = area
        self.rows = rows
        self.tests = 0
        self._computed_by = computed_by
        self._hash = hashlib.sha256()
        self._reference = area.sha256 if len(rows) == area.grid.height else ""
        if area.sample_sha256 and rows == area.grid.sample():
            self._reference = area.sample_sha256
        # What is compared point by point: of an area with a reference all, if the hash differs.
        self._lines, self._columns = rows, range(area.grid.width)
        if not self._reference:
            self._lines, self._columns = _sample(area.grid, rows)
        self._kept: list[Int32Array] = []

    @property
    def sha256(self) -> str:
        """The SHA-256 of the rows so far."""
        return self._hash.hexdigest()

    def take(self, rows: range, block: Int32Array) -> None:
        """Take in the next rows: their numbers and their escape times."""
        self._hash.update(block.astype("<i4", copy=False).data)
        # n + 1 tests find an escape at n; a point that never escapes has
        # maxiter - 1 and was tested maxiter times: one more as well.
        self.tests += int(block.sum(dtype="i8")) + block.size
        lines = [index for index, row in enumerate(rows) if row in self._lines]
        # Indexing by a list copies: the block is valid until the next call alone.
        self._kept.append(block[lines, self._columns.start :: self._columns.step])

    @functools.cached_property
    def verdict(self) -> str:
        """What the answer was compared with, and how that went."""
        if self._reference == self.sha256:
            return "matches the reference"
        import numpy as np  # noqa: PLC0415

        got = np.concatenate(self._kept)
        want = _expected(self.area.grid, self._lines, self._columns, self._exact)
        rows, columns = (got != want).nonzero()
        total = len(self.rows) * self.area.grid.width
        if not self._reference and not len(rows):
            of = f"a sample of {got.size:,} of" if got.size < total else "all"
            return f"matches the definition in {of} {total:,} points"
        if not len(rows):
            return f"WRONG: not the reference's hash, but {self._exact} computes the same"
        row, column = rows[0], columns[0]
        first = f"row {self._lines[row]} column {self._columns[column]}"
        points = f"{got.size:,} of {total:,} points"
        compared = "the reference" if self._reference else f"the definition in {points}"
        return (
            f"WRONG: {len(rows):,} pixels differ from {compared}, first {first}: "
            f"{got[row, column]}, not {want[row, column]}"
        )

    @property
    def right(self) -> bool:
        """Whether the hash is the reference's or, without one, no compared point is wrong."""
        return not self.verdict.startswith("WRONG")

    @property
    def _exact(self) -> str:
        exact = _EXACT if self.area.grid.dtype == "f8" else _EXACT_SINGLE
        able = [name for name in exact if not TECHNIQUES[name].why_not()]
        return next((name for name in able if name not in self._computed_by), able[0])


def _sample(grid: Grid, rows: range) -> tuple[range, range]:
    """Return the rows and columns whose points are compared with the definition."""
    points = max(1, _COMPARED_TESTS // grid.maxiter)
    are_rows = points >= _SOME_ROWS * grid.width
    columns = _spread(range(grid.width), grid.width if are_rows else math.isqrt(points))
    return _spread(rows, points // len(columns)), columns


def _spread(values: range, count: int) -> range:
    """Return at most `count` of the values, evenly spread."""
    step = -(-len(values) // max(1, count))
    return values[(step - 1) // 2 :: step]


@functools.cache
def _expected(grid: Grid, rows: range, columns: range, exact: str) -> Int32Array:
    """Return the escape times of the points that are compared: the same for all techniques."""
    import numpy as np  # noqa: PLC0415

    xs, ys = grid.axes(rows)
    out = np.empty((len(rows), len(columns)), np.int32)
    TECHNIQUES[exact].load()(
        np.ascontiguousarray(xs[columns.start :: columns.step]), ys, grid.maxiter, out
    )
    return out
