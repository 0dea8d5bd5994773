# Each of some processes calls add with jobs of its own, and all with the same total, a
# multiprocessing.Value. Add value(k) of each job to total.value.
#
# `total.value += 1` reads, adds and writes: two processes may read the same number, and one
# of both additions is lost. So hold total.get_lock() meanwhile. value(k) takes long: do not
# hold the lock while you compute it.
#
# Hint: `with total.get_lock():` holds the lock for the lines below it.


def add(total, value, jobs):
    """Add value(k) of all jobs to total.value."""
    for k in jobs:
        # Hole: compute value(k), then add it under the lock
        number = value(k)
        with total.get_lock():
            total.value += number
        # End of the hole.
