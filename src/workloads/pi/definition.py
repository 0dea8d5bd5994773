"""The two streams of pairs, and what a hit is: every technique counts these.

A pair (x, y) of doubles from [0, 1) hits if x·x + y·y < 1, both products and
the sum rounded: a fused multiply-add may decide otherwise on the border.

``seeded``
    The talk's: worker w draws its share of the pairs from ``random.Random(seed + w)``, so
    the count depends on the number of workers.
``philox``
    Pair i is doubles 2i and 2i + 1 of ``numpy.random.Generator(Philox(key=seed)).random``.
    Any pair can be computed without those before it, whoever counts it.

The rows `python` and `numpy` are here: the others are compared with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable

# Pairs at once: 1 MiB of doubles, which stays in a core's cache; and as many as compiled
# code counts in a second or so, since it does not hear Ctrl-C.
_CHUNK, _PART_PAIRS = 1 << 16, 1 << 26


def python(pairs: int, seed: int, _: object) -> tuple[int, str]:
    """Count in pure Python."""
    return seeded_hits(seed, pairs), ""


def numpy(pairs: int, seed: int, _: object) -> tuple[int, str]:
    """Count with NumPy's own generator, a chunk of the stream at a time."""
    return philox_hits(seed, range(pairs)), ""


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


def seeded_shares(seed: int, pairs: int, workers: int) -> tuple[list[int], list[int]]:
    """Return each worker's own seed, and how many pairs each draws."""
    own = [seed + worker for worker in range(workers)]
    return own, [len(share) for share in shares(range(pairs), workers)]


def shares(wanted: range, count: int) -> list[range]:
    """Cut neighbouring pairs into shares that are as even as can be."""
    bounds = [len(wanted) * number // count for number in range(count + 1)]
    return [wanted[bounds[number] : bounds[number + 1]] for number in range(count)]


def parts(wanted: range, at_least: int = 1) -> list[range]:
    """Cut pairs into parts for compiled code, so that Ctrl-C is heard between them."""
    return shares(wanted, max(at_least, -(-len(wanted) // _PART_PAIRS)))
