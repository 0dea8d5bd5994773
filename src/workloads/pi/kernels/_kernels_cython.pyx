# cython: language_level=3
"""The loop in C, with the numbers of NumPy's generators. Compiled with -ffp-contract=off."""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t

cdef extern from "numpy/random/bitgen.h":
    ctypedef struct bitgen_t:
        void *state
        double (*next_double)(void *) noexcept nogil


def count(generator, int64_t pairs):
    """Count the hits among the next pairs of ``numpy.random.Philox`` or another of these."""
    cdef bitgen_t *draw = <bitgen_t *>PyCapsule_GetPointer(generator.capsule, "BitGenerator")
    cdef int64_t hits = 0, pair
    cdef double x, y
    with generator.lock, nogil:
        for pair in range(pairs):
            x = draw.next_double(draw.state)
            y = draw.next_double(draw.state)
            hits += x * x + y * y < 1.0
    return hits
