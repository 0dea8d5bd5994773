# A plate is an array `old` of n × m points. Return a new array of one step: each inner point is
#
#     old + r * ((above + below) + (left + right) - 4 * old)
#
# and the points at the edge are as in `old`, which itself stays as it is. Without a loop: all
# inner points are one slice, old[1:-1, 1:-1], and those above them another one of its shape.
#
# Hint: The points above the inner ones are in the rows from the first to the last but two.

import numpy as np


def step(old, r):
    """Return the plate one step later."""
    # Hole: slices in place of loops
    inner = old[1:-1, 1:-1]
    around = (old[:-2, 1:-1] + old[2:, 1:-1]) + (old[1:-1, :-2] + old[1:-1, 2:])
    new = old.copy()
    new[1:-1, 1:-1] = inner + r * (around - 4 * inner)
    return new
    # End of the hole.


# Part 2, which is harder: step_into.
#
# Each operation of step makes a new array, and the memory for it is asked for and filled anew. Do
# the same step without one: fill the inner points of `new`, whose edge is there already. `work` is
# an array of the inner points' shape for what lies between, and NumPy writes into it by
# np.add(a, b, out=work), work += a, work *= 2. A slice is no new array.
#
# Hint: 4 * inner would be a new array: new[1:-1, 1:-1] has room for it until the end.


def step_into(old, new, work, r):
    """Fill the inner points of `new` by those one step later."""
    # Hole: np.add into work, then work += ..., and the result into new
    inner = old[1:-1, 1:-1]
    np.add(old[:-2, 1:-1], old[2:, 1:-1], out=work)
    work += old[1:-1, :-2]
    work += old[1:-1, 2:]
    np.multiply(inner, 4, out=new[1:-1, 1:-1])
    work -= new[1:-1, 1:-1]
    work *= r
    np.add(inner, work, out=new[1:-1, 1:-1])
    # End of the hole.
