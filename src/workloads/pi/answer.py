"""Is it right? The stored counts, and counting again."""

from __future__ import annotations

import functools
import math

from workloads.pi import definition
from workloads.pi.registry import PHILOX
from workloads.pi.shares import seeds

PAIRS = 20_000_000
SEED = 2022

# Hits by (pairs, workers), with SEED.
_SEEDED = {(PAIRS, 1): 15_703_410, (PAIRS, 2): 15_704_402, (PAIRS, 4): 15_703_353}
# Hits by pairs, with SEED and any number of workers.
_PHILOX = {1_000: 797, PAIRS: 15_705_172}

# The most pairs that are counted again, which takes about two seconds.
_SEEDED_AGAIN, _PHILOX_AGAIN = PAIRS, 200_000_000
# Standard deviations, where that would take longer: of right counts one in two
# million is farther from the mean.
_DEVIATIONS = 5.0


def family(technique: str) -> str:
    """Return which of the two streams a technique counts: ``philox`` or ``seeded``."""
    return "philox" if technique in PHILOX else "seeded"


def check(technique: str, hits: int, pairs: int, seed: int, workers: int) -> tuple[bool, str]:
    """Return whether a count is right, and what to say of it.

    Parameters
    ----------
    technique
        Its name, which decides the stream.
    hits
        The count.
    pairs, seed
        What was counted.
    workers
        How many shared the pairs: a seeded stream depends on it.
    """
    philox = family(technique) == "philox"
    stored = None
    if seed == SEED:
        stored = _PHILOX.get(pairs) if philox else _SEEDED.get((pairs, workers))
    if stored is not None:
        return _compare(hits, stored, "the stored count")
    if pairs <= (_PHILOX_AGAIN if philox else _SEEDED_AGAIN):
        again = _philox_again(seed, pairs) if philox else _seeded_again(seed, pairs, workers)
        return _compare(hits, again, "the definition, counted again")
    return _plausible(hits, pairs)


def _compare(hits: int, want: int, what: str) -> tuple[bool, str]:
    if hits == want:
        return True, f"matches {what}"
    return False, f"WRONG: {hits:,} hits, not {want:,} ({what})"


def _plausible(hits: int, pairs: int) -> tuple[bool, str]:
    mean = pairs * math.pi / 4
    away = abs(hits - mean) / math.sqrt(mean * (1 - math.pi / 4))
    if away <= _DEVIATIONS:
        return True, f"{away:.1f} standard deviations from π/4: too many pairs to count again"
    return False, f"WRONG: {hits:,} hits are {away:.1f} standard deviations from π/4"


# Cached, since all techniques of a family ask for the same count.
@functools.cache
def _seeded_again(seed: int, pairs: int, workers: int) -> int:
    return sum(definition.seeded_hits(*each) for each in seeds(seed, pairs, workers))


@functools.cache
def _philox_again(key: int, pairs: int) -> int:
    return definition.philox_hits(key, range(pairs))
