"""Threads: the GIL lets one of them count at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from workloads.parallel.workers import gil_note
from workloads.pi.definition import BATCH_PAIRS, counter
from workloads.pi.shares import seeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from workloads.parallel.workers import Workers


def share_out(
    pairs: int,
    seed: int,
    workers: Workers,
    *,
    wait: float = 0.0,
    make_counter: Callable[[int], Callable[[int], int]] = counter,
) -> int:
    """Count in `workers.count` threads; return the hits.

    Parameters
    ----------
    pairs, seed
        What to count.
    workers
        Its threads count.
    wait
        Seconds for each pair that a batch takes to arrive.
    make_counter
        Makes a thread's counter of its seed, as `workloads.pi.definition.counter` does.
    """
    stop = threading.Event()

    def work(seed: int, pairs: int) -> int:
        count_next = make_counter(seed)
        count = 0
        for first in range(0, pairs, BATCH_PAIRS):
            if stop.is_set():
                break
            batch = min(BATCH_PAIRS, pairs - first)
            if wait:
                time.sleep(batch * wait)
            count += count_next(batch)
        return count

    each = zip(*seeds(seed, pairs, workers.count), strict=True)
    try:
        return sum(workers.threads().map(work, *each))
    finally:
        # After Ctrl-C every thread ends with the batch that it is in.
        stop.set()


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    return share_out(pairs, seed, workers), gil_note()
