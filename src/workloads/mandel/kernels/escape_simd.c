/* Escape times, several vectors of pixels at a time.
 *
 * Compiled for each level of x86-64 (-march=x86-64-v2, -v3, -v4), or for armv8-a, with
 * -ffp-contract=off. LEVEL names the functions; _kernels_simd.c chooses one.
 *
 * A row's pixels take their first tests together, straight from the row. Those
 * that have not escaped go to a pool. It is iterated in groups of independent
 * vectors, STRIDE tests at a time, and filled up again with the next pixels:
 * no lane waits until the last of its vector has escaped, and no
 * operation waits for the one before it.
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
#define VECTOR_REGISTER "+x"
#elif defined(__aarch64__)
#define VECTOR_REGISTER "+w"
#endif
#include <stdint.h>
#include <string.h>

/* Vector types for the level that the compiler's flags choose. */
#if defined(__AVX512F__)
#define BYTES 64
#define ORDER (whole){0, 1, 2, 3, 4, 5, 6, 7}
#elif defined(__AVX__)
#define BYTES 32
#define ORDER (whole){0, 1, 2, 3}
#else
#define BYTES 16
#define ORDER (whole){0, 1}
#endif

enum { LANES = BYTES / 8 };

typedef double reals __attribute__((vector_size(BYTES), may_alias));
typedef int64_t whole __attribute__((vector_size(BYTES), may_alias));

/* A function's name with the level it is compiled for. */
#define NAMED_(name, level) name##_##level
#define NAMED(name, level) NAMED_(name, level)

typedef double reals_anywhere __attribute__((vector_size(BYTES), aligned(8), may_alias));
typedef int64_t whole_anywhere __attribute__((vector_size(BYTES), aligned(8), may_alias));
typedef int32_t times __attribute__((vector_size(BYTES / 2), aligned(4), may_alias));

enum {
    START = 6 * LANES,  /* pixels that begin together */
    GROUP = 8 * LANES,  /* pixels that go on together */
    FIRST = 10,         /* tests at the beginning */
    STRIDE = 35,        /* tests until the next look at who has escaped */
    SLOTS = 512,        /* pixels under way, 48 bytes each: 24 KiB of a level-1 cache */
    VECTORS = GROUP / LANES,
    STARTERS = START / LANES,
};
_Static_assert(START <= 64 && GROUP <= 64, "a mask has 64 bits, and _kernels_simd.c pads by 64");
#define ALL (((uint64_t)1 << LANES) - 1)
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

/* One iteration of all vectors, with ASKED before each vector's. Doubling is a
 * product in every other vector and a sum in the rest: that keeps both kinds of
 * units equally busy in processors with separate multipliers and adders. */
#define ITERATE(VECTORS, zr, zi, cr, ci, ASKED)                                        \
    for (int v = 0; v < VECTORS; v++) {                                                \
        const reals zr2 = zr[v] * zr[v], zi2 = zi[v] * zi[v];                          \
        ASKED;                                                                         \
        zi[v] = (v % 2 ? two * zr[v] : zr[v] + zr[v]) * zi[v] + ci;                    \
        zr[v] = zr2 - zi2 + cr;                                                        \
    }

/* 2.0, hidden from the compiler, which would turn all products with it into sums. */
static inline reals opaque_two(void)
{
    reals two = 2.0 - (reals){};
    __asm__("" : VECTOR_REGISTER(two));
    return two;
}

static inline void copy(struct pixels *to, int k, const struct pixels *from, int slot)
{
    to->zr[k] = from->zr[slot], to->zi[k] = from->zi[slot];
    to->cr[k] = from->cr[slot], to->ci[k] = from->ci[slot];
    to->n[k] = from->n[slot], to->place[k] = from->place[slot];
}

/* Find the test of its last stride at which each escaped pixel escaped. */
static void settle(struct job *job)
{
    struct pixels *const p = &job->escaped;
    const reals two = opaque_two();
    for (int first = 0; first < p->count; first += GROUP) {
        reals zr[VECTORS], zi[VECTORS];
        whole n[VECTORS];
        memcpy(zr, p->zr + first, sizeof zr);
        memcpy(zi, p->zi + first, sizeof zi);
        memcpy(n, p->n + first, sizeof n);
        const reals *cr = (reals *)(p->cr + first), *ci = (reals *)(p->ci + first);
        for (int k = 0; k < STRIDE; k++)
            ITERATE(VECTORS, zr, zi, cr[v], ci[v], n[v] -= (whole)(zr2 + zi2 <= 4.0));
        memcpy(p->n + first, n, sizeof n);
    }
    for (int k = 0; k < p->count; k++)
        if (p->n[k] < job->maxiter)
            job->out[p->place[k]] = p->n[k];
    p->count = 0;
}

/* Take the lanes `gone` out of a group. Those that are also `dead` have escaped:
 * their state `before` the stride goes to job->escaped, for `settle`. */
static inline void take_out(struct job *job, int first, uint64_t gone, uint64_t dead,
                            reals before[2][VECTORS])
{
    struct pixels *const p = &job->pool, *const e = &job->escaped;
    /* Counted in registers: a count in memory would make a chain of stores and
     * loads through the whole loop. */
    int count = p->count, found = e->count;
    /* From the last lane to the first: the pixel that is moved into a gap is
     * the pool's last, and never one that has yet to be looked at. */
    while (gone) {
        const int lane = 63 - __builtin_clzll(gone), slot = first + lane;
        gone ^= (uint64_t)1 << lane;
        if (dead >> lane & 1) {
            copy(e, found, p, slot);
            e->zr[found] = ((double *)before[0])[lane];
            e->zi[found] = ((double *)before[1])[lane];
            e->n[found++] -= STRIDE;
        }
        copy(p, slot, p, --count);
    }
    p->count = count;
    e->count = found;
    if (e->count > SLOTS - GROUP)
        settle(job);
}

/* Advance a group by a stride; take out what has escaped or reached maxiter. */
static void advance(struct job *job, int first)
{
    struct pixels *const p = &job->pool;
    reals before[2][VECTORS], zr[VECTORS], zi[VECTORS];
    const reals two = opaque_two();
    const reals *cr = (reals *)(p->cr + first), *ci = (reals *)(p->ci + first);
    uint64_t gone = 0, dead = 0;
    for (int v = 0; v < VECTORS; v++) {
        before[0][v] = zr[v] = ((reals *)(p->zr + first))[v];
        before[1][v] = zi[v] = ((reals *)(p->zi + first))[v];
    }
    for (int k = 0; k < STRIDE - 1; k++)
        ITERATE(VECTORS, zr, zi, cr[v], ci[v], );
    for (int v = 0; v < VECTORS; v++) {
        const reals zr2 = zr[v] * zr[v], zi2 = zi[v] * zi[v];
        const whole escaped = ~(whole)(zr2 + zi2 <= 4.0);
        whole *const n = (whole *)(p->n + first) + v;
        *n += STRIDE;
        dead |= (uint64_t)bits(escaped) << v * LANES;
        gone |= (uint64_t)bits(escaped | (whole)(*n >= job->maxiter)) << v * LANES;
        ((reals *)(p->zi + first))[v] = 2.0 * zr[v] * zi[v] + ci[v];
        ((reals *)(p->zr + first))[v] = zr2 - zi2 + cr[v];
    }
    if (first + GROUP > p->count)
        gone &= ((uint64_t)1 << (p->count - first)) - 1;
    if (gone)
        take_out(job, first, gone, dead, before);
}

/* Write the answers of pixels after their first tests; put the rest into the pool. */
static inline void hand_over(struct job *job, const reals *zr, const reals *zi, const reals *cr,
                             reals ci, const whole *n, const whole *near, int64_t place,
                             int width)
{
    struct pixels *const p = &job->pool;
    const int64_t limit = job->maxiter - 1;
    int count = p->count;
    for (int v = 0; v < STARTERS && v * LANES < width; v++) {
        const int columns = width - v * LANES < LANES ? width - v * LANES : LANES;
        /* A pixel that goes on gets maxiter - 1, the answer if it never escapes. */
        const whole early = (whole)(n[v] < (limit < FIRST ? limit : FIRST));
        const whole time = (n[v] & early) | (limit & ~early);
        const times narrow = __builtin_convertvector(time, times);
        if (columns == LANES)
            *(times *)(job->out + place + v * LANES) = narrow;
        else
            memcpy(job->out + place + v * LANES, &narrow, 4 * columns);
        unsigned left = bits((n[v] == FIRST) & ~near[v]) & ((1u << columns) - 1);
        if (limit < FIRST)
            continue;
        if (left == ALL) {
            *(reals_anywhere *)(p->zr + count) = zr[v];
            *(reals_anywhere *)(p->zi + count) = zi[v];
            *(reals_anywhere *)(p->cr + count) = cr[v];
            *(reals_anywhere *)(p->ci + count) = ci;
            *(whole_anywhere *)(p->n + count) = FIRST - (whole){};
            *(whole_anywhere *)(p->place + count) = place + v * LANES + ORDER;
            count += LANES;
            continue;
        }
        for (; left; left &= left - 1, count++) {
            const int lane = __builtin_ctz(left);
            p->zr[count] = zr[v][lane], p->zi[count] = zi[v][lane];
            p->cr[count] = cr[v][lane], p->ci[count] = ci[lane];
            p->n[count] = FIRST, p->place[count] = place + v * LANES + lane;
        }
    }
    p->count = count;
}

/* Do the first tests of a group of pixels of one row; the rest go to the pool. */
static void begin(struct job *job, const double *xs, double y, int64_t place, int width)
{
    const reals ci = y - (reals){};
    const reals two = opaque_two();
    reals zr[STARTERS], zi[STARTERS], cr[STARTERS];
    whole n[STARTERS], near[STARTERS];
    unsigned special = 0;
    memcpy(cr, xs, sizeof cr);
    for (int v = 0; v < STARTERS; v++) {
        zr[v] = cr[v], zi[v] = ci, n[v] = (whole){};
        const reals off = cr[v] * cr[v] + ci * ci - 4.0;
        near[v] = (whole)(off > -MARGIN) & (whole)(off < MARGIN);
        special |= bits(near[v]);
    }
    for (int k = 0; k < FIRST; k++) {
        ITERATE(STARTERS, zr, zi, cr[v], ci, n[v] -= (whole)(zr2 + zi2 <= 4.0));
        unsigned left = 0;
        for (int v = 0; k + 1 == FIRST / 2 && v < STARTERS; v++)
            left |= bits(n[v] == FIRST / 2);
        if (k + 1 == FIRST / 2 && !left)
            break;
    }

    hand_over(job, zr, zi, cr, ci, n, near, place, width);
    if (special)
        for (int k = 0; k < width; k++)
            if (bits(near[k / LANES]) >> k % LANES & 1)
                job->out[place + k] = scalar(xs[k], y, job->maxiter);
}

void NAMED(fill, LEVEL)(const double *xs, int64_t width, const double *ys, int64_t height,
                        int32_t maxiter, int32_t *out, int64_t *next)
{
    struct job job = {.out = out, .maxiter = maxiter};
    for (int64_t row; (row = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED)) < height;)
        for (int64_t column = 0; column < width; column += START) {
            const int64_t rest = width - column;
            begin(&job, xs + column, ys[row], row * width + column, rest < START ? rest : START);
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
