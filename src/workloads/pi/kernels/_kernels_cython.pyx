# cython: language_level=3, cdivision=True
"""Philox-4x64-10 and the test in C. Compiled with -ffp-contract=off."""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """typedef unsigned __int128 twice;"""
    ctypedef int twice "twice"


cdef int64_t hit(uint64_t a, uint64_t b) noexcept nogil:
    cdef double x = <double>(a >> 11), y = <double>(b >> 11)
    # The doubles are x and y times 2^-53, so 1 becomes 2^106.
    return x * x + y * y < 81129638414606681695789005144064.0


cdef int64_t count_pairs(int64_t first, int64_t end, uint64_t key) noexcept nogil:
    cdef int64_t hits = 0, block
    cdef uint64_t c0, c1, c2, c3, k0, k1
    cdef twice product0, product1
    cdef int turn
    for block in range(first // 2, (end + 1) // 2):
        c0, c1, c2, c3 = <uint64_t>block + 1, 0, 0, 0
        k0, k1 = key, 0
        for turn in range(10):
            product0 = <twice>c0 * <twice>0xD2E7470EE14C6C93ULL
            product1 = <twice>c2 * <twice>0xCA5A826395121157ULL
            c0 = <uint64_t>(product1 >> 64) ^ c1 ^ k0
            c1 = <uint64_t>product1
            c2 = <uint64_t>(product0 >> 64) ^ c3 ^ k1
            c3 = <uint64_t>product0
            k0 += 0x9E3779B97F4A7C15ULL
            k1 += 0xBB67AE8584CAA73BULL
        if 2 * block >= first:
            hits += hit(c0, c1)
        if 2 * block + 1 < end:
            hits += hit(c2, c3)
    return hits


def count(int64_t first, int64_t end, uint64_t key):
    """Count the hits among pairs `first` to `end` - 1 of the stream."""
    cdef int64_t hits
    with nogil:
        hits = count_pairs(first, end, key)
    return hits
