"""Is it right? The stored counts, and counting again."""

from __future__ import annotations

import functools
import math

from workloads.pi import definition
from workloads.pi.registry import PHILOX

PAIRS, SEED = 20_000_000, 2022
# Hits with SEED: by (pairs, workers); by pairs, with any number of workers.
_SEEDED = {(PAIRS, 1): 15_703_410, (PAIRS, 2): 15_704_402, (PAIRS, 4): 15_703_353}
_PHILOX = {1_000: 797, PAIRS: 15_705_172}
# The most pairs that are counted again, which takes about two seconds. Of more pairs, one
# right count in two million is more than so many standard deviations from the mean.
_SEEDED_AGAIN, _PHILOX_AGAIN, _DEVIATIONS = PAIRS, 200_000_000, 5.0


def family(technique: str) -> str:
    """Return which of the two streams a technique counts: ``philox`` or ``seeded``."""
    return "philox" if technique in PHILOX else "seeded"


def check(technique: str, hits: int, pairs: int, seed: int, workers: int) -> tuple[bool, str]:
    """Return whether a technique's count is right, and the verdict."""
    philox = family(technique) == "philox"
    right = None
    if seed == SEED:
        right = _PHILOX.get(pairs) if philox else _SEEDED.get((pairs, workers))
    source = "the stored count"
    if right is None:
        if pairs > (_PHILOX_AGAIN if philox else _SEEDED_AGAIN):
            return _plausible(hits, pairs)
        source = "the definition, counted again"
        right = _again(family(technique), seed, pairs, workers)
    if hits == right:
        return True, f"matches {source}"
    return False, f"WRONG: {hits:,} hits, not {right:,} ({source})"


def _plausible(hits: int, pairs: int) -> tuple[bool, str]:
    mean = pairs * math.pi / 4
    away = abs(hits - mean) / math.sqrt(mean * (1 - math.pi / 4))
    if away <= _DEVIATIONS:
        return True, f"{away:.1f} standard deviations from π/4: too many pairs to count again"
    return False, f"WRONG: {hits:,} hits are {away:.1f} standard deviations from π/4"


# Cached, since all techniques of a family ask for the same count.
@functools.cache
def _again(stream: str, seed: int, pairs: int, workers: int) -> int:
    if stream == "philox":
        return definition.philox_hits(seed, pairs)
    return sum(map(definition.count_share, definition.seeded_shares(seed, pairs, workers)))
