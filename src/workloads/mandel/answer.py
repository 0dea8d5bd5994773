"""Is it right? The answer's hash, and where it is wrong."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Collection
from typing import TYPE_CHECKING

from workloads.mandel.registry import TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Area, Grid

# Exact kernels of one core, the fastest first. What another one has computed is
# compared with the first of them that can run here.
_EXACT = ("cython", "numba", "numpy", "python-2")
_EXACT_SINGLE = ("numba-single", "numpy-single")
# On a window without a reference so many tests, a second of pure Python, are done again.
# They are of whole rows, if they are enough for some.
_COMPARED_TESTS = 10_000_000
_SOME_ROWS = 16


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
        points = f"{got.size:,} of {len(self.rows) * self.area.grid.width:,} points"
        if not self._reference and not len(rows):
            return f"{points} match the definition"
        if not len(rows):
            return f"WRONG: not the reference's hash, but {self._exact} computes the same"
        row, column = rows[0], columns[0]
        first = f"row {self._lines[row]} column {self._columns[column]}"
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
    whole = points >= _SOME_ROWS * grid.width
    columns = _spread(range(grid.width), grid.width if whole else math.isqrt(points))
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
