/* Escape times, several vectors of pixels at a time.
 *
 * Compiled for each level of x86-64 (-march=x86-64-v2, -v3, -v4), or for armv8-a, with
 * -ffp-contract=off. FILL is the function's name; _kernels_simd.pyx chooses one.
 *
 * Pixels go to a pool. It is iterated in groups of independent vectors, STRIDE tests at
 * a time, and filled up again with the next pixels: no lane waits until the last of its
 * vector has escaped, and no operation waits for the one before it.
 *
 * |z|^2 > 4 is tested only at the end of a stride. That is exact: what has
 * escaped stays escaped. If the computed |z|^2 is above 4 and |c|^2 below
 * 4 - 2^-20, then |z|^2 - |c| > 2 + 2^-23, far more than the rounding of one
 * iteration (2^-49), and if |c|^2 is above 4 + 2^-20, no |z| falls below |c|.
 * Overflow gives infinity or NaN, and neither is <= 4. The points between,
 * MARGIN around |c| = 2, are computed one by one.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <stdint.h>
#include <string.h>

/* Vector types for the level that the compiler's flags choose. */
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

typedef double reals __attribute__((vector_size(BYTES), may_alias));
typedef int64_t whole __attribute__((vector_size(BYTES), may_alias));

enum {
    LANES = BYTES / 8,
    VECTORS = 8,
    GROUP = VECTORS * LANES,  /* pixels that go on together: a mask has 64 bits */
    STRIDE = 16,              /* tests until the next look at who has escaped */
    SLOTS = 512,              /* pixels under way, 48 bytes each: 24 KiB of a level-1 cache */
};
#define MARGIN 0x1p-20

/* Pixels under way. The group after the last slot absorbs whole vectors. */
struct pixels {
    double zr[SLOTS + GROUP], zi[SLOTS + GROUP], cr[SLOTS + GROUP], ci[SLOTS + GROUP];
    int64_t n[SLOTS + GROUP], place[SLOTS + GROUP];
    int count;
} __attribute__((aligned(64)));

struct job {
    struct pixels pool, escaped;
    int32_t *out;
    int64_t maxiter;
};

static inline unsigned bits(whole mask)
{
#if BYTES == 64
    return _mm512_movepi64_mask((__m512i)mask);
#elif BYTES == 32
    return _mm256_movemask_pd((__m256d)mask);
#elif defined(__x86_64__)
    return _mm_movemask_pd((__m128d)mask);
#else
    return (mask[0] & 1) | (mask[1] & 2);
#endif
}

static int64_t scalar(double cr, double ci, int64_t maxiter)
{
    double zr = cr, zi = ci;
    for (int64_t n = 0; n < maxiter; n++) {
        const double zr2 = zr * zr, zi2 = zi * zi;
        if (zr2 + zi2 > 4.0)
            return n;
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
    }
    return maxiter - 1;
}

/* Iterate a group of p's pixels `times` times; with `n`, count there the tests before escape. */
static inline __attribute__((always_inline)) void iterate(struct pixels *p, int first, int times,
                                                          whole *n)
{
    const reals *cr = (reals *)(p->cr + first), *ci = (reals *)(p->ci + first);
    reals zr[VECTORS], zi[VECTORS];
    memcpy(zr, p->zr + first, sizeof zr);
    memcpy(zi, p->zi + first, sizeof zi);
    for (int k = 0; k < times; k++)
        for (int v = 0; v < VECTORS; v++) {
            const reals zr2 = zr[v] * zr[v], zi2 = zi[v] * zi[v];
            if (n)
                n[v] -= (whole)(zr2 + zi2 <= 4.0);
            zi[v] = (zr[v] + zr[v]) * zi[v] + ci[v];
            zr[v] = zr2 - zi2 + cr[v];
        }
    memcpy(p->zr + first, zr, sizeof zr);
    memcpy(p->zi + first, zi, sizeof zi);
}

/* Find the test of its last stride at which each escaped pixel escaped. */
static void settle(struct job *job)
{
    struct pixels *const p = &job->escaped;
    for (int first = 0; first < p->count; first += GROUP)
        iterate(p, first, STRIDE, (whole *)(p->n + first));
    for (int k = 0; k < p->count; k++)
        if (p->n[k] < job->maxiter)
            job->out[p->place[k]] = p->n[k];
    p->count = 0;
}

static inline void copy(struct pixels *to, int k, const struct pixels *from, int slot)
{
    to->zr[k] = from->zr[slot], to->zi[k] = from->zi[slot];
    to->cr[k] = from->cr[slot], to->ci[k] = from->ci[slot];
    to->n[k] = from->n[slot], to->place[k] = from->place[slot];
}

/* Take the lanes `gone` out of a group. Those that are also `dead` have escaped: with
 * their state `before` the stride they go to job->escaped, for `settle`. */
static inline void take_out(struct job *job, int first, uint64_t gone, uint64_t dead,
                            double before[2][GROUP])
{
    struct pixels *const p = &job->pool, *const e = &job->escaped;
    /* From the last lane to the first: the pixel that is moved into a gap is
     * the pool's last, and never one that has yet to be looked at. */
    while (gone) {
        const int lane = 63 - __builtin_clzll(gone), slot = first + lane;
        gone ^= (uint64_t)1 << lane;
        if (dead >> lane & 1) {
            copy(e, e->count, p, slot);
            e->zr[e->count] = before[0][lane];
            e->zi[e->count] = before[1][lane];
            e->n[e->count++] -= STRIDE;
        }
        copy(p, slot, p, --p->count);
    }
    if (e->count > SLOTS - GROUP)
        settle(job);
}

/* Advance a group by a stride; take out what has escaped or reached maxiter. */
static void advance(struct job *job, int first)
{
    struct pixels *const p = &job->pool;
    double before[2][GROUP];
    uint64_t gone = 0, dead = 0;
    memcpy(before[0], p->zr + first, sizeof before[0]);
    memcpy(before[1], p->zi + first, sizeof before[1]);
    iterate(p, first, STRIDE, NULL);
    for (int v = 0; v < VECTORS; v++) {
        const reals zr = ((reals *)(p->zr + first))[v], zi = ((reals *)(p->zi + first))[v];
        const whole escaped = ~(whole)(zr * zr + zi * zi <= 4.0);
        whole *const n = (whole *)(p->n + first) + v;
        *n += STRIDE;
        dead |= (uint64_t)bits(escaped) << v * LANES;
        gone |= (uint64_t)bits(escaped | (whole)(*n >= job->maxiter)) << v * LANES;
    }
    if (first + GROUP > p->count)
        gone &= ((uint64_t)1 << (p->count - first)) - 1;
    if (gone)
        take_out(job, first, gone, dead, before);
}

/* Put a pixel into the pool; one near |c| = 2 is computed at once. */
static inline void begin(struct job *job, double cr, double ci, int64_t place)
{
    struct pixels *const p = &job->pool;
    const double off = cr * cr + ci * ci - 4.0;
    const int slot = p->count, is_near = off > -MARGIN && off < MARGIN;
    job->out[place] = is_near ? scalar(cr, ci, job->maxiter) : job->maxiter - 1;
    p->zr[slot] = p->cr[slot] = cr;
    p->zi[slot] = p->ci[slot] = ci;
    p->n[slot] = 0;
    p->place[slot] = place;
    p->count += !is_near;
}

void FILL(const double *xs, int64_t width, const double *ys, int64_t height, int32_t maxiter,
          int32_t *out, int64_t *next)
{
    struct job job = {.out = out, .maxiter = maxiter};
    for (int64_t row; (row = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED)) < height;)
        for (int64_t column = 0; column < width; column++) {
            begin(&job, xs[column], ys[row], row * width + column);
            /* Only whole groups, as long as there are pixels to fill them. */
            while (job.pool.count > SLOTS - GROUP)
                for (int first = 0; first + GROUP <= job.pool.count; first += GROUP)
                    advance(&job, first);
        }
    while (job.pool.count)
        for (int first = 0; first < job.pool.count; first += GROUP)
            advance(&job, first);
    settle(&job);
}
