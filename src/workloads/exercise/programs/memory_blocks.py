# Fill `a` by b + q * c, three arrays of doubles of one length. NumPy's `a[:] = b + q * c` makes
# two more arrays as long as a: written to memory, read again, thrown away. Do it in blocks of
# `block` numbers, without a new array: a block stays in the cache between the two operations.
#
#     np.multiply(x, q, out=y)    y += x    write into y
#
# The length need not be a multiple of `block`; b and c stay as they are.
#
# Hint: a[k : k + block] is a view: what is written into it is in a. The last one is shorter.

import numpy as np


def triad(a, b, c, q, block):
    """Fill a by b + q * c."""
    # Hole: a loop over blocks; multiply into a's, then add b's
    for k in range(0, len(a), block):
        part = a[k : k + block]
        np.multiply(c[k : k + block], q, out=part)
        part += b[k : k + block]
    # End of the hole.


# Part 2, which is harder: seconds.
#
# The roofline. A program does `flops` operations and moves `moved` bytes to and from memory, shared
# evenly by `ranks` ranks of one node. A core does node["flops"] operations a second, and moves
# node["core"] bytes a second at most; all cores together move node["memory"] at most. Computing
# and moving go on at the same time. Return how long the program takes at least.
#
# Hint: Two times; the longer one counts. How many bytes a second do `ranks` ranks get?


def seconds(flops, moved, ranks, node):
    """Return how many seconds the ranks take at least, a float."""
    # Hole: the time to compute, the time to move, and which one counts
    compute = flops / (ranks * node["flops"])
    move = moved / min(ranks * node["core"], node["memory"])
    return max(compute, move)
    # End of the hole.
