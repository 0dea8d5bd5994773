"""Exercise pi-processes: points counted by several processes."""

# Task: fill the hole in compute. It is to return how many of the pairs 0 ... pairs - 1 are
# hits; 4 * hits / pairs is about pi.
#
# hits(first, last) counts those of first, first + 1, ... last - 1. Let each of the workers,
# which are processes, count its share: no pair twice, and none forgotten, although the
# number of pairs is no multiple of the number of workers.
#
# concurrent.futures.ProcessPoolExecutor or multiprocessing.Pool start processes. They
# import this file: what they are to call has to stand in it by name, not as a lambda.
#
# Check it: python -m workloads exercise pi-processes --check THIS_FILE

from __future__ import annotations

from workloads.exercise.given import hits


def compute(pairs: int, workers: int) -> int:
    """Return the hits among the pairs, counted by some processes."""
    raise NotImplementedError("share the pairs among processes, add up what they count")
