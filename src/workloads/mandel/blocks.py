"""Which rows are computed, and in which portions."""

from __future__ import annotations

from collections.abc import Iterator

from workloads.mandel.grid import Grid

# Points × maxiter. Just all of area1; of area2 39 rows, about two seconds of
# pure Python instead of fifty.
_SAMPLE_TESTS = 80_000_000
# What one call of a technique fills: large enough that starting it costs
# nothing, small enough that an image larger than memory's comfort streams.
_BLOCK_BYTES = 256 << 20


def sample(grid: Grid) -> range:
    """Return the rows that a slow technique computes, evenly spread."""
    affordable = max(1, _SAMPLE_TESTS // (grid.width * grid.maxiter))
    return range(0, grid.height, -(-grid.height // affordable))


def block_rows(grid: Grid, *, slow: bool) -> int:
    """Return how many rows a call computes; one for what is slow.

    Row by row the progress bar of a slow technique moves; others get
    everything at once, or as much as a block of memory holds.
    """
    return 1 if slow else max(1, min(grid.height, _BLOCK_BYTES // (4 * grid.width)))


def blocks(rows: range, length: int) -> Iterator[range]:
    """Cut `rows` into portions of at most `length`."""
    for first in range(0, len(rows), length):
        yield rows[first : first + length]
