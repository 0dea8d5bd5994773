"""Which rows are computed, and in which portions."""

from __future__ import annotations

from collections.abc import Iterator

from workloads.mandel.grid import Grid

# Points × maxiter: exactly all of area1, and 39 rows of area2, which pure
# Python computes in about two seconds instead of fifty.
_SAMPLE_TESTS = 80_000_000
# What one call of a technique fills: large enough that its start costs nothing,
# small enough that an image too large for memory is computed block by block.
_BLOCK_BYTES = 256 << 20
# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def sample(grid: Grid) -> range:
    """Return the rows that a slow technique computes, evenly spread."""
    affordable = max(1, _SAMPLE_TESTS // (grid.width * grid.maxiter))
    return range(0, grid.height, -(-grid.height // affordable))


def block_rows(grid: Grid, *, singly: bool = False) -> int:
    """Return how many rows one call computes.

    That is all of them, or as many as a block of memory holds, or one row
    if `singly`: for a technique so slow that a progress bar counts rows.
    """
    return 1 if singly else max(1, min(grid.height, _BLOCK_BYTES // (4 * grid.width)))


def groups(rows: range, width: int, workers: int, each: int = _GROUPS) -> list[tuple[int, range]]:
    """Cut `rows` into small groups, to be dealt out to workers as they ask.

    Parameters
    ----------
    rows
        The rows that are to be computed.
    width
        Pixels in a row.
    workers
        How many share the groups.
    each
        About how many groups there are for each worker.

    Returns
    -------
    list
        For each group the index of its first row in the output, and its rows.
    """
    length = min(-(-len(rows) // (each * workers)), _GROUP_BYTES // (4 * width))
    step = max(1, length)
    return [(first, rows[first : first + step]) for first in range(0, len(rows), step)]


def singles(rows: range) -> list[tuple[int, range]]:
    """Return groups as `groups` does, of one row each: Ctrl-C waits for a group's end."""
    return [(place, rows[place : place + 1]) for place in range(len(rows))]


def blocks(rows: range, length: int) -> Iterator[range]:
    """Cut `rows` into portions of at most `length`."""
    for first in range(0, len(rows), length):
        yield rows[first : first + length]


def share(total: int, parts: int, part: int) -> int:
    """Return how many of `total` rows a part has: the first parts have one more."""
    return total // parts + (part < total % parts)
