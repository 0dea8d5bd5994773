# Every rank has some numbers, `mine`, and returns the exact sum of all ranks' numbers, rounded once
# to a float. Then it is the same to the last bit however many ranks there are, and in whatever
# order the numbers lie.
#
# comm.allreduce(mine.sum()) is not: each rank rounds its own sum, and the sums again. That is fine
# for most programs, and two runs then differ in the last digits. NumPy's sum rounds, too, also of
# all numbers in one array. math.fsum adds without rounding in between: collect the numbers for it.
#
# Hint: comm.allgather(mine) is a list of arrays on every rank, np.concatenate makes it one.

import math

import numpy as np


def total(comm, mine):
    """Return the sum of all ranks' numbers, rounded once."""
    # Hole: collect all numbers, and add them up by math.fsum
    return math.fsum(np.concatenate(comm.allgather(mine)))
    # End of the hole.


# Part 2, which is harder: by_blocks.
#
# No rank may have all the numbers: there are too many. Every rank has whole blocks of `size`
# numbers each, in their order. Add up each block by math.fsum where it lies, and the blocks' sums
# again: that is rounded twice, but the same on any number of ranks.
#
# Hint: mine.reshape(-1, size) has a row for each block.


def by_blocks(comm, mine, size):
    """Return the sum of all blocks' sums, the same on each rank."""
    # Hole: a sum for each own block, then those of all ranks
    sums = [math.fsum(block) for block in mine.reshape(-1, size)]
    return math.fsum(each for of_rank in comm.allgather(sums) for each in of_rank)
    # End of the hole.
