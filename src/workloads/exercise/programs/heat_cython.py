# step does one step of a plate: from the array `old` into the array `new`, point by point. Cython
# makes C of it. Where a name has no C type, that C asks Python for each number, and is hardly
# faster than Python. So give types to all that the loops use:
#
#     a: cython.double[:, ::1] = old     # a memory view: rows of doubles, one behind the other
#     c: cython.double = r
#     i: cython.Py_ssize_t
#
# Without a compiler the file runs as plain Python, and the check looks at the C that Cython writes:
# no line of the loops may call Python. `cython -a mine.py` shows such lines in yellow.
#
# Hint: What the loops read and write are a and b, not old and new, which have no type.

import cython
from cython.parallel import prange


@cython.boundscheck(False)
def step(old, new, r):
    """Do one step: new = old + r * ((above + below) + (left + right) - 4 * old)."""
    # Hole: types for both arrays, r, i, j and a sum, then two loops
    a: cython.double[:, ::1] = old
    b: cython.double[:, ::1] = new
    c: cython.double = r
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    around: cython.double
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            around = (a[i - 1, j] + a[i + 1, j]) + (a[i, j - 1] + a[i, j + 1])
            b[i, j] = a[i, j] + c * (around - 4.0 * a[i, j])
    # End of the hole.


# Part 2, which is harder: heat.
#
# heat returns the sum of all points, whose rows are shared among threads: those of
# prange(rows, nogil=True), which stands in a for statement as range does. Threads
# hold no GIL, so nothing in the loop may be Python's. Each thread has its own sum, and Cython adds
# them up where it sees total += number, alone.
#
# Hint: The outer loop is prange's: threads that start for each row cost more than the row.


@cython.boundscheck(False)
def heat(field):
    """Return the sum of all points of a plate, by threads."""
    # Hole: types for the array, i, j and the sum; prange and range; return it
    a: cython.double[:, ::1] = field
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    total: cython.double = 0.0
    for i in prange(a.shape[0], nogil=True):
        for j in range(a.shape[1]):
            total += a[i, j]
    return total
    # End of the hole.
