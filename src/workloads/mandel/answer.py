"""Is it right? The answer's hash, and where it is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workloads.mandel.blocks import sample
from workloads.mandel.definition import escape_time
from workloads.mandel.registry import SINGLE, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array, Int64Array
    from workloads.mandel.grid import Area, Grid

    Rows = Callable[[range], Int32Array]

# Kernels that may say which pixels are wrong, the fastest first: one whose own
# hash is the reference's, or else the last, which is not checked.
_ORACLES = ("cython", "f2py", "numba", "numpy", "python-2")
_SINGLE_ORACLES = ("numba-single", "numpy-single")
# On a window without a reference at most this many rows and about this many
# tests (a second of pure Python) are compared with the definition.
_COMPARED_ROWS = 16
_COMPARED_TESTS = 10_000_000


class Answer:
    """The escape times of some rows, taken in block by block and in order.

    Parameters
    ----------
    area
        The area that they belong to.
    rows
        The rows that `take` is going to be given.
    """

    def __init__(self, area: Area, rows: range) -> None:
        self.area = area
        self.rows = rows
        self._hash = hashlib.sha256()
        self.tests = 0
        # The tests of each row, an array for each block.
        self.row_tests: list[Int64Array] = []
        self._wrong: list[str] = []
        self._compare: set[int] = set()
        if not self._reference:
            most = max(1, _COMPARED_TESTS // (area.grid.width * area.grid.maxiter))
            stride = -(-len(rows) // min(most, _COMPARED_ROWS))
            self._compare = set(rows[stride // 2 :: stride])
        self._compared = len(self._compare)

    @property
    def _reference(self) -> str:
        if len(self.rows) == self.area.grid.height:
            return self.area.sha256
        return self.area.sample_sha256 if self.rows == sample(self.area.grid) else ""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the rows so far."""
        return self._hash.hexdigest()

    def take(self, rows: range, block: Int32Array) -> None:
        """Take in the next rows.

        Parameters
        ----------
        rows
            Their numbers.
        block
            Their escape times, of shape ``(len(rows), width)``.
        """
        self._hash.update(block.astype("<i4", copy=False).data)
        # n + 1 tests find an escape at n; a point that never escapes has
        # maxiter - 1 and was tested maxiter times: one more as well.
        each = block.sum(axis=1, dtype="i8") + block.shape[1]
        self.row_tests.append(each)
        self.tests += int(each.sum())
        for index, row in enumerate(rows):
            if row in self._compare:
                self._check_row(row, block[index])

    def _check_row(self, row: int, got: Int32Array) -> None:
        grid = self.area.grid
        for column in range(grid.width):
            want = escape_time(*grid.point(column, row), grid.maxiter)
            if got[column] != want:
                self._wrong.append(_difference(row, column, int(got[column]), want))

    @property
    def right(self) -> bool:
        """Whether the hash is the reference's or, without one, no compared row is wrong."""
        return self.sha256 == self._reference if self._reference else not self._wrong

    @property
    def praise(self) -> str:
        """What a right answer was compared with."""
        return (
            "matches the reference" if self._reference else f"{self._extent} match the definition"
        )

    @property
    def _extent(self) -> str:
        return f"{self._compared} of {len(self.rows):,} rows"

    def explain(self, parts: Sequence[range], recompute: Rows) -> str:
        """Return a line with the number of wrong pixels and the first of them.

        Parameters
        ----------
        parts
            The rows in portions.
        recompute
            Computes a portion again, since blocks are not kept; on ranks other
            than the first it returns no rows.
        """
        if not self._reference:
            # Ranks other than the first have compared nothing.
            first = self._wrong[0] if self._wrong else ""
            return (
                f"WRONG: {len(self._wrong):,} pixels differ from the definition in "
                f"{self._extent}, first {first}"
            )
        oracle: Rows | None = None
        count, first = 0, "not seen again"
        for part in parts:
            got = recompute(part)
            if not len(got):
                continue
            oracle = oracle or _oracle(self.area)
            want = oracle(part)
            places = (got != want).nonzero()
            if not count and len(places[0]):
                index, column = int(places[0][0]), int(places[1][0])
                pixel = int(got[index, column]), int(want[index, column])
                first = _difference(part[index], column, *pixel)
            count += len(places[0])
        return f"WRONG: {count:,} pixels differ from the reference, first {first}"


def _difference(row: int, column: int, got: int, want: int) -> str:
    return f"row {row} column {column}: {got}, not {want}"


def _oracle(area: Area) -> Rows:
    """Return the fastest kernel whose own answer is the reference, or the last one."""
    everything = range(area.grid.height)
    oracles = _SINGLE_ORACLES if area.name in SINGLE else _ORACLES
    for name in oracles:
        if TECHNIQUES[name].why_not():
            continue
        candidate = rows_by(name, area.grid)
        if name == oracles[-1]:
            break
        if hashlib.sha256(candidate(everything).data).hexdigest() == area.sha256:
            break
    return candidate


def rows_by(name: str, grid: Grid) -> Rows:
    """Return a function that computes rows with a technique of one core."""
    import numpy as np  # noqa: PLC0415

    from workloads.parallel.workers import Workers  # noqa: PLC0415

    compute = TECHNIQUES[name].load()

    def rows(wanted: range) -> Int32Array:
        out = np.empty((len(wanted), grid.width), np.int32)
        compute(grid, wanted, out, Workers(1))
        return out

    return rows
