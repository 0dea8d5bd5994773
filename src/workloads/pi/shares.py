"""Who counts which pairs."""

from __future__ import annotations

from collections.abc import Iterator

# Parts for each thread: enough that none is idle for long at the end, few enough
# that dealing them out costs nothing.
_PARTS = 8
# No part is so long that Ctrl-C would have to wait for it.
_PART_PAIRS = 1 << 26


def shares(pairs: int, workers: int) -> list[range]:
    """Return each worker's neighbouring pairs, as even as can be."""
    bounds = [pairs * worker // workers for worker in range(workers + 1)]
    return [range(bounds[w], bounds[w + 1]) for w in range(workers)]


def seeds(seed: int, pairs: int, workers: int) -> list[tuple[int, int]]:
    """Return each worker's own seed and how many pairs it draws."""
    return [(seed + w, len(share)) for w, share in enumerate(shares(pairs, workers))]


def parts(pairs: int, workers: int) -> list[range]:
    """Return parts of the pairs, to be dealt out to workers as they ask."""
    groups = max(workers * _PARTS, -(-pairs // _PART_PAIRS))
    return [part for part in shares(pairs, groups) if part]


def pieces(wanted: range) -> Iterator[range]:
    """Cut pairs into pieces that are counted one after the other, so that Ctrl-C is heard."""
    for first in range(0, len(wanted), _PART_PAIRS):
        yield wanted[first : first + _PART_PAIRS]
