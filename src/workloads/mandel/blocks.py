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
# Groups a worker: enough that none is idle for long at the end, few enough
# that a message costs little against what it brings. And no group so large
# that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def sample(grid: Grid) -> range:
    """Return the rows that a slow technique computes, evenly spread."""
    affordable = max(1, _SAMPLE_TESTS // (grid.width * grid.maxiter))
    return range(0, grid.height, -(-grid.height // affordable))


def block_rows(grid: Grid, *, singly: bool = False) -> int:
    """Return how many rows a call computes.

    Everything at once, or as much as a block of memory holds; `singly` for
    what is so slow that a progress bar is to move row by row.
    """
    return 1 if singly else max(1, min(grid.height, _BLOCK_BYTES // (4 * grid.width)))


def groups(rows: range, width: int, workers: int, each: int = _GROUPS) -> list[tuple[int, range]]:
    """Cut `rows` into small groups, to be dealt out to workers as they ask.

    Parameters
    ----------
    rows
        What is to be computed.
    width
        Pixels a row.
    workers
        How many will share the groups.
    each
        About how many groups a worker.

    Returns
    -------
    list
        Each group's place in the output, and its rows.
    """
    length = min(-(-len(rows) // (each * workers)), _GROUP_BYTES // (4 * width))
    step = max(1, length)
    return [(first, rows[first : first + step]) for first in range(0, len(rows), step)]


def singles(rows: range) -> list[tuple[int, range]]:
    """Return such groups of one row each: Ctrl-C waits for the one in work."""
    return [(place, rows[place : place + 1]) for place in range(len(rows))]


def blocks(rows: range, length: int) -> Iterator[range]:
    """Cut `rows` into portions of at most `length`."""
    for first in range(0, len(rows), length):
        yield rows[first : first + length]


def share(total: int, parts: int, part: int) -> int:
    """Return how many of `total` rows a part has: the first parts have one more."""
    return total // parts + (part < total % parts)
