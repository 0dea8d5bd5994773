"""Exercise pi-processes: points counted by several processes."""

# Task: fill the hole in compute. It must return how many of the pairs 0 ... pairs - 1 are
# hits; 4 * hits / pairs is about pi.
#
# hits(first, last) counts the hits among first, first + 1, ... last - 1. Let each worker, a
# process, count its share: no pair twice, and none forgotten, although the number of pairs
# is no multiple of the number of workers.
#
# concurrent.futures.ProcessPoolExecutor or multiprocessing.Pool start processes. They
# import this file: so the function that they call must have a name in it, unlike a lambda.
#
# Check it: python -m workloads exercise pi-processes --check THIS_FILE

from __future__ import annotations

from workloads.exercise.given import hits


def compute(pairs: int, workers: int) -> int:
    """Return the hits among the pairs, counted by `workers` processes."""
    raise NotImplementedError("share the pairs among processes, add up what they count")
