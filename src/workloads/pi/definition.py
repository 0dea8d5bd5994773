"""The two streams of pairs, and what a hit is: every technique counts these.

A pair (x, y) of doubles from [0, 1) hits if x·x + y·y < 1, both products and
the sum rounded: a fused multiply-add may decide otherwise on the border.

``seeded``
    The talk's: worker w draws its share of the pairs from
    ``random.Random(seed + w)``, so the count depends on the number of workers.
``philox``
    Counter-based: pair i is doubles 2i and 2i + 1 of the stream that
    ``numpy.random.Generator(numpy.random.Philox(key=seed)).random`` gives.
    Any pair can be computed without those before it, so the count does not
    depend on who counts what.
"""

from __future__ import annotations

import random
from collections.abc import Callable

# A worker may look after each batch whether it is to stop.
BATCH_PAIRS = 100_000
# Pairs at once: 1 MiB of doubles, which stays in a core's cache.
_CHUNK = 1 << 16


def hits(draw: Callable[[], float], pairs: int) -> int:
    """Count the hits among the next `pairs` pairs of numbers that `draw` returns."""
    count = 0
    for _ in range(pairs):
        x, y = draw(), draw()
        if x * x + y * y < 1.0:
            count += 1
    return count


def seeded(seed: int) -> Callable[[], float]:
    """Return the function that draws the numbers of ``random.Random(seed)``."""
    return random.Random(seed).random  # noqa: S311  (no secret: the talk's numbers)


def counter(seed: int) -> Callable[[int], int]:
    """Return a function that counts the hits among the next pairs of ``random.Random(seed)``."""
    draw = seeded(seed)
    return lambda pairs: hits(draw, pairs)


def seeded_hits(seed: int, pairs: int, stop: memoryview | None = None) -> int:
    """Count the hits among the first pairs of ``random.Random(seed)``.

    Parameters
    ----------
    seed
        The stream's.
    pairs
        How many to count.
    stop
        One byte: once it is not 0, the count ends after the batch.
    """
    count_next = counter(seed)
    count = 0
    for first in range(0, pairs, BATCH_PAIRS):
        if stop is not None and stop[0]:
            break
        count += count_next(min(BATCH_PAIRS, pairs - first))
    return count


def philox_hits(key: int, wanted: range) -> int:
    """Count the hits among the `wanted` pairs of NumPy's Philox stream."""
    import numpy as np  # noqa: PLC0415

    bits = np.random.Philox(key=key)
    # `advance` counts blocks of four numbers, which are two pairs.
    bits.advance(wanted.start // 2)
    stream = np.random.Generator(bits)
    stream.random(wanted.start % 2 * 2)
    numbers = np.empty(2 * min(_CHUNK, len(wanted)))
    count = 0
    for first in range(0, len(wanted), _CHUNK):
        part = numbers[: 2 * min(_CHUNK, len(wanted) - first)]
        stream.random(out=part)
        np.multiply(part, part, out=part)
        count += int(np.count_nonzero(part[::2] + part[1::2] < 1.0))
    return count
