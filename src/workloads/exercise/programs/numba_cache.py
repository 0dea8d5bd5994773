# Every rank calls compute with values of its own, and returns total(values).
#
# Numba compiles total when it is first called: in each rank, and all ranks at the same time.
# With cache=True the code is written into a folder, where a rank that comes later finds it.
# So let rank 0 call total first. The others wait for it at a comm.Barrier(), and load the code.
#
# Hint: Every rank comes to the Barrier, rank 0 after its call. It calls total again for free.

import numba


@numba.njit(cache=True)
def total(values):
    """Return the sum of the square roots."""
    result = 0.0
    for value in values:
        result += value**0.5
    return result


def compute(comm, values):
    """Return total(values), without compiling on every rank."""
    # Hole: rank 0 first; a barrier; then the others
    if comm.rank == 0:
        total(values)
    comm.Barrier()
    return total(values)
    # End of the hole.
