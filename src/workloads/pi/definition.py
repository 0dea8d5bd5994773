"""The two streams of pairs, and what a hit is: every technique counts these.

A pair (x, y) of doubles from [0, 1) hits if x·x + y·y < 1, both products and
the sum rounded: a fused multiply-add may decide otherwise on the border.

``seeded``
    The talk's: worker w draws its share of the pairs from ``random.Random(seed + w)``, so
    the count depends on the number of workers.
``philox``
    Pair i is doubles 2i and 2i + 1 of ``numpy.random.Generator(Philox(key=seed)).random``.

The rows `python` and `numpy` are here: the others are compared with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable

# Pairs at once: 1 MiB of doubles, which stays in a core's cache; and as many as compiled
# code counts in a second or so, since it does not hear Ctrl-C.
_CHUNK, _PART_PAIRS = 1 << 16, 1 << 26


def python(pairs: int, seed: int) -> int:
    """Count in pure Python."""
    return seeded_hits(seed, pairs)


def numpy(pairs: int, seed: int) -> int:
    """Count with NumPy's own generator, a chunk of the stream at a time."""
    return philox_hits(seed, pairs)


def seeded_hits(seed: int, pairs: int) -> int:
    """Count the hits among the first pairs of ``random.Random(seed)``."""
    return hits(random.Random(seed).random, pairs)  # noqa: S311  (no secret: the talk's numbers)


def hits(draw: Callable[[], float], pairs: int) -> int:
    """Count the hits among the next `pairs` pairs of numbers that `draw` returns."""
    count = 0
    for _ in range(pairs):
        x, y = draw(), draw()
        if x * x + y * y < 1.0:
            count += 1
    return count


def philox_hits(key: int, pairs: int) -> int:
    """Count the hits among the first pairs of NumPy's Philox stream."""
    import numpy as np  # noqa: PLC0415

    stream = np.random.Generator(np.random.Philox(key=key))
    numbers = np.empty(2 * min(_CHUNK, pairs))
    count = 0
    for first in range(0, pairs, _CHUNK):
        part = numbers[: 2 * min(_CHUNK, pairs - first)]
        stream.random(out=part)
        np.multiply(part, part, out=part)
        count += int(np.count_nonzero(part[::2] + part[1::2] < 1.0))
    return count


def seeded_shares(seed: int, pairs: int, workers: int) -> list[tuple[int, int]]:
    """Return each worker's own seed, and how many pairs it draws."""
    return [(seed + worker, share) for worker, share in enumerate(shares(pairs, workers))]


def count_share(share: tuple[int, int]) -> int:
    """Count the hits of a worker's share."""
    return seeded_hits(*share)


def shares(pairs: int, count: int) -> list[int]:
    """Cut a number of pairs into shares that are as even as can be."""
    bounds = [pairs * number // count for number in range(count + 1)]
    return [bounds[number + 1] - bounds[number] for number in range(count)]


def parts(pairs: int) -> list[int]:
    """Cut a number of pairs into parts for compiled code, so that Ctrl-C is heard between them."""
    return shares(pairs, -(-pairs // _PART_PAIRS))
