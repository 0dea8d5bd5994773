# Return how many of the pairs 0 ... pairs - 1 are hits; 4 * hits / pairs is about pi.
#
# hits(first, last) counts the hits among first, first + 1, ... last - 1. Let each worker, a
# process, count its share: no pair twice, and none forgotten, although the number of pairs
# is no multiple of the number of workers.
#
# Hint: Worker w counts from pairs * w // workers to pairs * (w + 1) // workers.

from concurrent.futures import ProcessPoolExecutor


def compute(hits, pairs, workers):
    """Return the hits among the pairs, counted by `workers` processes."""
    # Hole: share the pairs among processes, add up what they count
    bounds = [pairs * worker // workers for worker in range(workers + 1)]
    with ProcessPoolExecutor(workers) as pool:
        return sum(pool.map(hits, bounds[:-1], bounds[1:]))
    # End of the hole.
