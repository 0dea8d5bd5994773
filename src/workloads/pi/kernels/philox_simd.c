/* Hits among pairs of the Philox-4x64-10 stream, many blocks at a time.
 *
 * Compiled once for each level of x86-64 (-march=x86-64-v2, -v3, -v4; LEVEL
 * names the function) with -ffp-contract=off; _kernels_simd.c chooses one.
 *
 * A round is two products of 64 by 64 bits, of which all 128 are needed. No
 * level has them in vectors: they are made of products of 32 bits.
 */
#include <stdint.h>

#include "vectors.h"

#include <immintrin.h>

typedef uint64_t words __attribute__((vector_size(BYTES), may_alias));

/* VECTORS times LANES blocks are under way at once, so that no product waits for
 * the one before it. */
enum { VECTORS = BYTES == 16 ? 2 : 4, TOGETHER = VECTORS * LANES, ROUNDS = 10 };

#define M0 0xD2E7470EE14C6C93u
#define M1 0xCA5A826395121157u
#define W0 0x9E3779B97F4A7C15u
#define W1 0xBB67AE8584CAA73Bu
#define LOW 0xFFFFFFFFu

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
    *low = cross << 32 | (lowest & LOW);
}

/* The upper 53 bits, exactly: the double of the stream times 2^53. */
static inline reals number(words w)
{
    /* The halves become the last digits of 2^84 and of 2^52, which are then
     * subtracted exactly. */
    const words high = w >> 43 | 0x4530000000000000u;
    const words low = (w >> 11 & LOW) | 0x4330000000000000u;
    return ((reals)high - 0x1.00000001p84) + (reals)low;
}

/* -1 in each lane with a hit. The squares are 2^106 times as large, with the same roundings. */
static inline whole hits_of(words a, words b)
{
    const reals x = number(a), y = number(b);
    return (whole)(x * x + y * y < 0x1p106);
}

uint64_t NAMED(count, LEVEL)(uint64_t first, uint64_t end, uint64_t key)
{
    whole sum = {};
    for (uint64_t block = first / 2; 2 * block < end; block += TOGETHER) {
        /* NumPy counts blocks from 1. */
        words c0[VECTORS], c1[VECTORS] = {}, c2[VECTORS] = {}, c3[VECTORS] = {};
        for (int v = 0; v < VECTORS; v++)
            c0[v] = (words)ORDER + (block + 1 + v * LANES);
        for (int k = 0; k < ROUNDS; k++)
            for (int v = 0; v < VECTORS; v++) {
                words high0, low0, high1, low1;
                multiply(c0[v], M0, &high0, &low0);
                multiply(c2[v], M1, &high1, &low1);
                c0[v] = high1 ^ c1[v] ^ (key + k * W0), c1[v] = low1;
                c2[v] = high0 ^ c3[v] ^ (k * W1), c3[v] = low0;
            }
        for (int v = 0; v < VECTORS; v++) {
            const words even = 2 * ((words)ORDER + (block + v * LANES)), odd = even + 1;
            sum += hits_of(c0[v], c1[v]) & (whole)(even >= first) & (whole)(even < end);
            sum += hits_of(c2[v], c3[v]) & (whole)(odd >= first) & (whole)(odd < end);
        }
    }
    uint64_t hits = 0;
    for (int lane = 0; lane < LANES; lane++)
        hits -= sum[lane];
    return hits;
}
