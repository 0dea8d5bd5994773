# `events` is what viztracer has written of some ranks: a list of dicts. Each is a call: "pid" is
# its rank, "name" the function, "dur" how long it took, in microseconds. Ranks wait in Waitall for
# their neighbours. Return the rank for which the others wait: it waits least itself, as its
# neighbours are always ready before it.
#
# A rank has many calls, and all its waits count, not the longest. One may have none.
#
# Hint: A dict with 0.0 for each rank first: so a rank without a wait has one, too.


def slowest(events):
    """Return the rank that waits least in Waitall, of all ranks that have calls."""
    # Hole: add up the waits of each rank, and take the rank with the least
    waits = dict.fromkeys((event["pid"] for event in events), 0.0)
    for event in events:
        if event["name"] == "Waitall":
            waits[event["pid"]] += event["dur"]
    return min(waits, key=waits.get)
    # End of the hole.


# Part 2, which is harder: gain.
#
# Nobody would wait if all ranks computed equally long. Return by how many microseconds the slowest
# one's time in sweep would then be shorter: the largest sum of a rank, less the mean of all.
#
# Hint: A rank that never sweeps counts in the mean: it could take some of the others' work.


def gain(events):
    """Return how much shorter the slowest rank's sweeps were if all had as many."""
    # Hole: add up the sweeps of each rank
    times = dict.fromkeys((event["pid"] for event in events), 0.0)
    for event in events:
        if event["name"] == "sweep":
            times[event["pid"]] += event["dur"]
    return max(times.values()) - sum(times.values()) / len(times)
    # End of the hole.
