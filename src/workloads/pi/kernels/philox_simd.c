/* Hits among pairs of the Philox-4x64-10 stream, many blocks at a time.
 *
 * Compiled once for each level of x86-64 (-march=x86-64-v2, -v3, -v4; LEVEL
 * names the function) with -ffp-contract=off; _kernels_simd.c chooses one.
 *
 * A round is two products of 64 by 64 bits, of which all 128 are needed. No
 * level has them in vectors: they are made of products of 32 bits, or, with
 * -mavx512ifma, of 52. General registers have a multiplier of their own, with one
 * such product a cycle. So rounds of single blocks stand between those of vectors,
 * close enough for the processor to have both under way.
 */
#include "philox_simd.h"

#include "vectors.h"

#include <immintrin.h>

typedef uint64_t words __attribute__((vector_size(BYTES), may_alias));
typedef unsigned __int128 twice;

/* VECTORS times LANES blocks are under way at once, so that no product waits for
 * the one before it. BESIDE single blocks are computed beside each of their rounds.
 * The best of those tried: AVX-512 without IFMA on a Zen 5, the others on a Zen 4. */
#if defined(__AVX512IFMA__)
enum { VECTORS = 5, BESIDE = 2 };
#elif BYTES == 64
enum { VECTORS = 4, BESIDE = 0 };
#elif BYTES == 32
enum { VECTORS = 4, BESIDE = 1 };
#else
enum { VECTORS = 2, BESIDE = 2 };
#endif
/* All rounds but the first two, which are shorter. */
enum { ROUNDS = 10, FULL = 8 };
enum { SINGLES = FULL * BESIDE, TOGETHER = VECTORS * LANES + SINGLES };

#define M0 0xD2E7470EE14C6C93u
#define M1 0xCA5A826395121157u
#define W0 0x9E3779B97F4A7C15u
#define W1 0xBB67AE8584CAA73Bu
#define LOW 0xFFFFFFFFu

/* A double is a word's upper 53 bits times 2^-53. The factor is left out: then the
 * squares are 2^106 times as large, with the same roundings. */
#define LIMIT 0x1p106

/* The product of a and m, 128 bits. */
#ifdef __AVX512IFMA__
static inline void multiply(words a, uint64_t m, words *high, words *low)
{
    /* Each factor is split into its lower 52 bits and the 12 above. */
    const __m512i a_low = (__m512i)a, a_high = (__m512i)(a >> 52), zero = {};
    const __m512i m_low = _mm512_set1_epi64((int64_t)m), m_high = _mm512_set1_epi64(m >> 52);
    __m512i middle = _mm512_madd52hi_epu64(zero, a_low, m_low);
    middle = _mm512_madd52lo_epu64(middle, a_low, m_high);
    middle = _mm512_madd52lo_epu64(middle, a_high, m_low);
    __m512i upper = _mm512_madd52hi_epu64(zero, a_low, m_high);
    upper = _mm512_madd52hi_epu64(upper, a_high, m_low);
    upper = _mm512_madd52lo_epu64(upper, a_high, m_high);
    *high = ((words)upper << 40) + ((words)middle >> 12);
    *low = a * m; /* one instruction */
}
#else
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
#endif

static inline reals number(words w)
{
#ifdef __AVX512DQ__
    return __builtin_convertvector(w >> 11, reals);
#else
    /* The halves become the last digits of 2^84 and of 2^52, which are then
     * subtracted exactly. */
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

typedef struct { uint64_t c0, c1, c2, c3; } block_t;

static inline block_t round_of(block_t b, uint64_t k0, uint64_t k1)
{
    const twice p0 = (twice)M0 * b.c0, p1 = (twice)M1 * b.c2;
    return (block_t){(uint64_t)(p1 >> 64) ^ b.c1 ^ k0, (uint64_t)p1,
                     (uint64_t)(p0 >> 64) ^ b.c3 ^ k1, (uint64_t)p0};
}

/* NumPy counts blocks from 1. */
static uint64_t count_one(uint64_t pair, uint64_t key)
{
    block_t b = {.c0 = pair / 2 + 1};
    for (int k = 0; k < ROUNDS; k++)
        b = round_of(b, key + k * W0, k * W1);
    return pair % 2 ? hit(b.c2, b.c3) : hit(b.c0, b.c1);
}

/* Add the hits among the next TOGETHER blocks to `sums`, each as -1. */
__attribute__((always_inline)) static inline void
count_together(uint64_t block, uint64_t key, whole sums[2])
{
    words c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];
    uint64_t done[4][SINGLES ? SINGLES : 1] __attribute__((aligned(64)));
    /* The first two rounds: their other products are those of 0 and of the key. */
    const twice of_key = (twice)M0 * key;
    for (int v = 0; v < VECTORS; v++) {
        words high0, low0, high1, low1;
        multiply((words)ORDER + (block + 1 + v * LANES), M0, &high0, &low0);
        multiply(high0, M1, &high1, &low1);
        c0[v] = high1 ^ (key + W0), c1[v] = low1;
        c2[v] = low0 ^ ((uint64_t)(of_key >> 64) ^ W1), c3[v] = (uint64_t)of_key - (words){};
    }
#pragma GCC unroll 1
    for (int k = 0; k < FULL; k++) {
        const uint64_t k0 = key + (k + 2) * W0, k1 = (k + 2) * W1;
        block_t b = {};
#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) {
            words high0, low0, high1, low1;
            multiply(c0[v], M0, &high0, &low0);
            multiply(c2[v], M1, &high1, &low1);
            c0[v] = high1 ^ c1[v] ^ k0, c1[v] = low1;
            c2[v] = high0 ^ c3[v] ^ k1, c3[v] = low0;
            /* This vector's share of the rounds of BESIDE single blocks. */
#pragma GCC unroll 20
            for (int r = v * ROUNDS * BESIDE / VECTORS; r < (v + 1) * ROUNDS * BESIDE / VECTORS;
                 r++) {
                const int q = r % ROUNDS, s = k * BESIDE + r / ROUNDS;
                if (q == 0)
                    b = (block_t){.c0 = block + 1 + VECTORS * LANES + s};
                b = round_of(b, key + q * W0, q * W1);
                if (q == ROUNDS - 1)
                    done[0][s] = b.c0, done[1][s] = b.c1, done[2][s] = b.c2, done[3][s] = b.c3;
            }
        }
    }
    for (int v = 0; v < VECTORS; v++) {
        sums[0] += hits_of(c0[v], c1[v]);
        sums[1] += hits_of(c2[v], c3[v]);
    }
    for (int s = 0; s < SINGLES / LANES; s++) {
        sums[0] += hits_of(((words *)done[0])[s], ((words *)done[1])[s]);
        sums[1] += hits_of(((words *)done[2])[s], ((words *)done[3])[s]);
    }
}

uint64_t NAMED(count, LEVEL)(uint64_t first, uint64_t end, uint64_t key)
{
    uint64_t hits = 0;
    whole sums[2] = {};
    if (first % 2 && first < end)
        hits += count_one(first++, key);
    for (; first + 2 * TOGETHER <= end; first += 2 * TOGETHER)
        count_together(first / 2, key, sums);
    for (; first < end; first++)
        hits += count_one(first, key);
    for (int k = 0; k < LANES; k++)
        hits -= sums[0][k] + sums[1][k];
    return hits;
}
