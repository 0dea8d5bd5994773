"""Subinterpreters: a GIL each, in the threads of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.definition import seeded_hits
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` subinterpreters."""
    each = zip(*seeds(seed, pairs, workers.count), strict=True)
    # Interpreters share no object, but they may share memory.
    stop = bytearray(1)
    flags = [memoryview(stop)] * workers.count
    try:
        counts = workers.subinterpreters().map(seeded_hits, *each, flags)
        return sum(counts), "a GIL each"
    finally:
        # After Ctrl-C every interpreter ends with the batch that it is in.
        stop[0] = 1
