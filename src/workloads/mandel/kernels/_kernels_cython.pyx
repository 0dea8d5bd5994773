# cython: language_level=3, boundscheck=False, wraparound=False
"""The scalar definition in C. Compiled with -ffp-contract=off."""


cdef int escape_time(double cr, double ci, int maxiter) noexcept nogil:
    cdef double zr = cr, zi = ci, zr2, zi2
    cdef int n
    for n in range(maxiter):
        zr2 = zr * zr
        zi2 = zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
    return maxiter - 1


def fill(const double[::1] xs, const double[::1] ys, int maxiter, int[:, ::1] out):
    """Fill `out` with the escape times of all ``xs`` × ``ys``.

    Raises
    ------
    ValueError
        When the shape of `out` is not ``(len(ys), len(xs))``.
    """
    cdef Py_ssize_t row, column
    if out.shape[0] != ys.shape[0] or out.shape[1] != xs.shape[0]:
        raise ValueError("out has another shape than ys × xs")
    with nogil:
        for row in range(ys.shape[0]):
            for column in range(xs.shape[0]):
                out[row, column] = escape_time(xs[column], ys[row], maxiter)
