# `seconds` has the time of one plate by number of ranks: {1: 100.0, 2: 52.0, 4: 28.0, …}. Return
# the largest number of ranks whose efficiency is at least `least`. The efficiency of p ranks is
# their speed-up beside the fewest ranks that were measured, divided by how many times as many
# they are: of {1: 100.0, 4: 50.0} it is 0.5 for 4 ranks, which are twice as fast.
#
# Hint: Ranks times seconds is what was paid. How does that of the fewest compare?


def most_ranks(seconds, least):
    """Return the largest number of ranks whose efficiency is at least `least`."""
    # Hole: the efficiency of each number of ranks, beside the fewest
    fewest = min(seconds)
    work = fewest * seconds[fewest]
    return max(ranks for ranks in seconds if work / (ranks * seconds[ranks]) >= least)
    # End of the hole.


# Part 2, which is harder: predict.
#
# By Amdahl's law p ranks take serial + parallel / p seconds. Take both from the fewest ranks of the
# table and the most, and return the seconds of `ranks` ranks.
#
# Hint: The difference of both times is parallel * (1 / few - 1 / many).


def predict(seconds, ranks):
    """Return how many seconds so many ranks take by Amdahl's law, a float."""
    # Hole: two equations: serial and parallel
    few, many = min(seconds), max(seconds)
    parallel = (seconds[few] - seconds[many]) / (1 / few - 1 / many)
    return seconds[few] + parallel * (1 / ranks - 1 / few)
    # End of the hole.
