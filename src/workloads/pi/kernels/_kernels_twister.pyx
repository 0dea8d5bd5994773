# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Python's own generator and the test in C. Compiled with -ffp-contract=off.

Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
uniform pseudo-random number generator" (TOMACS 8, 1998).
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t

cdef enum:
    WORDS = 624
    AHEAD = 397


# Final: the C compiler can inline its methods into the loop.
@cython.final
cdef class Twister:
    """Draws what ``random.Random(seed)`` draws.

    Parameters
    ----------
    state
        ``random.Random(seed).getstate()[1]``: 624 words of 32 bits, and how many
        of them have been used.

    Raises
    ------
    ValueError
        When it is not such a state.
    OverflowError
        When a word has more than 32 bits.
    """

    cdef uint32_t words[WORDS]
    cdef int used

    def __init__(self, state):
        if len(state) != WORDS + 1 or not 0 <= state[WORDS] <= WORDS:
            raise ValueError("not the state of random.Random")
        cdef int index
        for index in range(WORDS):
            self.words[index] = state[index]
        self.used = state[WORDS]

    cdef void refill(self) noexcept nogil:
        cdef int index
        # In three parts, so that no index needs a modulo.
        for index in range(WORDS - AHEAD):
            self.renew(index, index + 1, index + AHEAD)
        for index in range(WORDS - AHEAD, WORDS - 1):
            self.renew(index, index + 1, index + AHEAD - WORDS)
        self.renew(WORDS - 1, 0, AHEAD - 1)
        self.used = 0

    cdef inline void renew(self, int index, int following, int ahead) noexcept nogil:
        cdef uint32_t both = self.words[index] & 0x80000000U
        both |= self.words[following] & 0x7FFFFFFFU
        self.words[index] = self.words[ahead] ^ (both >> 1) ^ (-(both & 1U) & 0x9908B0DFU)

    cdef uint32_t word(self) noexcept nogil:
        cdef uint32_t drawn
        if self.used == WORDS:
            self.refill()
        drawn = self.words[self.used]
        self.used += 1
        drawn ^= drawn >> 11
        drawn ^= (drawn << 7) & 0x9D2C5680U
        drawn ^= (drawn << 15) & 0xEFC60000U
        return drawn ^ (drawn >> 18)

    cdef double number(self) noexcept nogil:
        # 53 bits, as random.random() puts them together.
        cdef uint32_t high = self.word() >> 5, low = self.word() >> 6
        return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)

    def hits(self, int64_t pairs):
        """Count the hits among the next pairs, without the GIL.

        Two threads must not share one object.
        """
        cdef int64_t count = 0, pair
        cdef double x, y
        with nogil:
            for pair in range(pairs):
                x = self.number()
                y = self.number()
                count += x * x + y * y < 1.0
        return count
