/* The functions that _kernels_simd.c calls, once for each level of x86-64. */
#include <stdint.h>

/* The most pixels of a row that any level takes at a time. */
#define GROUP_MOST 64

#define DECLARE(level)                                                                     \
    void fill_##level(const double *xs, int64_t width, const double *ys, int64_t height,   \
                      int32_t maxiter, int32_t *out, int64_t *next);

DECLARE(v2)
DECLARE(v3)
DECLARE(v4)
