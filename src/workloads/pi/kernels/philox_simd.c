/* Hits among pairs of the Philox-4x64-10 stream, many blocks at a time.
 *
 * Compiled once for each level of x86-64 (-march=x86-64-v2, -v3, -v4, LEVEL
 * names the function) with -ffp-contract=off; _kernels_simd.c chooses.
 *
 * A round is two products of 64 by 64 bits, of which all 128 are wanted. No
 * level has them in vectors: they are made of four of 32 bits. With vectors of
 * 512 bits that is fastest; narrower ones go hand in hand with the one product
 * a cycle of the ordinary registers, which are units of their own.
 */
#include "philox_simd.h"

#include "vectors.h"

#include <immintrin.h>

typedef uint64_t words __attribute__((vector_size(BYTES), may_alias));
typedef unsigned __int128 twice;

/* Blocks under way at once, so that no product waits for the one before it:
 * VECTORS times LANES in vectors, SINGLES in ordinary registers. The best of
 * those tried on a Zen 5. */
#if BYTES == 64
enum { VECTORS = 4, SINGLES = 0 };
#elif BYTES == 32
enum { VECTORS = 2, SINGLES = 8 };
#else
enum { VECTORS = 1, SINGLES = 8 };
#endif
enum { TOGETHER = VECTORS * LANES + SINGLES };

#define M0 0xD2E7470EE14C6C93u
#define M1 0xCA5A826395121157u
#define W0 0x9E3779B97F4A7C15u
#define W1 0xBB67AE8584CAA73Bu
#define LOW 0xFFFFFFFFu

/* A double is a word's upper 53 bits times 2^-53. The factor is left out: the
 * squares are then 2^106 times as large, by the same roundings. */
#define LIMIT 0x1p106

static inline words times(words a, words b)
{
#if BYTES == 64
    return (words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif BYTES == 32
    return (words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
    return (words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#endif
}

/* The product of a and m, 128 bits. */
static inline void multiply(words a, uint64_t m, words *high, words *low)
{
    const words m_low = (m & LOW) - (words){}, m_high = (m >> 32) - (words){};
    const words a_high = a >> 32, lowest = times(a, m_low);
    const words middle = times(a_high, m_low) + (lowest >> 32);
    const words cross = times(a, m_high) + (middle & LOW);
    *high = times(a_high, m_high) + (middle >> 32) + (cross >> 32);
#ifdef __AVX512DQ__
    *low = a * m; /* one instruction */
#else
    *low = cross << 32 | (lowest & LOW);
#endif
}

static inline reals number(words w)
{
#ifdef __AVX512DQ__
    return __builtin_convertvector(w >> 11, reals);
#else
    /* Two halves as the last digits of 2^84 and 2^52, which come off exactly. */
    const words high = w >> 43 | 0x4530000000000000u;
    const words low = (w >> 11 & LOW) | 0x4330000000000000u;
    return ((reals)high - 0x1.00000001p84) + (reals)low;
#endif
}

static inline whole hits_of(words a, words b)
{
    const reals x = number(a), y = number(b);
    return (whole)(x * x + y * y < LIMIT); /* -1 is a hit */
}

static inline uint64_t hit(uint64_t a, uint64_t b)
{
    const double x = (double)(int64_t)(a >> 11), y = (double)(int64_t)(b >> 11);
    return x * x + y * y < LIMIT;
}

/* One round of a single block. */
static inline void round_of(uint64_t *c, uint64_t k0, uint64_t k1)
{
    const twice p0 = (twice)M0 * c[0], p1 = (twice)M1 * c[2];
    c[0] = (uint64_t)(p1 >> 64) ^ c[1] ^ k0, c[1] = (uint64_t)p1;
    c[2] = (uint64_t)(p0 >> 64) ^ c[3] ^ k1, c[3] = (uint64_t)p0;
}

/* NumPy counts blocks from 1. */
static uint64_t count_one(uint64_t pair, uint64_t key)
{
    uint64_t c[4] = {pair / 2 + 1};
    for (int k = 0; k < 10; k++)
        round_of(c, key + k * W0, k * W1);
    return pair % 2 ? hit(c[2], c[3]) : hit(c[0], c[1]);
}

/* The hits of the next TOGETHER blocks; those of vectors, as -1, go to sums. */
static inline uint64_t count_together(uint64_t block, uint64_t key, whole sums[2])
{
    words c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
    uint64_t single[SINGLES + 1][4];
    for (int v = 0; v < VECTORS; v++) {
        c0[v] = (words)ORDER + (block + 1 + v * LANES);
        c1[v] = c2[v] = c3[v] = (words){};
    }
    for (int s = 0; s < SINGLES; s++) {
        single[s][0] = block + 1 + VECTORS * LANES + s;
        single[s][1] = single[s][2] = single[s][3] = 0;
    }
    /* Whole, since much of the first two rounds is known. */
#pragma GCC unroll 10
    for (int k = 0; k < 10; k++) {
        const uint64_t k0 = key + k * W0, k1 = k * W1;
        for (int v = 0; v < VECTORS; v++) {
            words high0, low0, high1, low1;
            multiply(c0[v], M0, &high0, &low0);
            multiply(c2[v], M1, &high1, &low1);
            c0[v] = high1 ^ c1[v] ^ k0, c1[v] = low1;
            c2[v] = high0 ^ c3[v] ^ k1, c3[v] = low0;
        }
        for (int s = 0; s < SINGLES; s++)
            round_of(single[s], k0, k1);
    }
    for (int v = 0; v < VECTORS; v++) {
        sums[0] += hits_of(c0[v], c1[v]);
        sums[1] += hits_of(c2[v], c3[v]);
    }
    uint64_t hits = 0;
    for (int s = 0; s < SINGLES; s++)
        hits += hit(single[s][0], single[s][1]) + hit(single[s][2], single[s][3]);
    return hits;
}

uint64_t NAMED(count, LEVEL)(uint64_t first, uint64_t end, uint64_t key)
{
    uint64_t hits = 0;
    whole sums[2] = {};
    if (first % 2 && first < end)
        hits += count_one(first++, key);
    for (; first + 2 * TOGETHER <= end; first += 2 * TOGETHER)
        hits += count_together(first / 2, key, sums);
    for (; first < end; first++)
        hits += count_one(first, key);
    for (int k = 0; k < LANES; k++)
        hits -= sums[0][k] + sums[1][k];
    return hits;
}
