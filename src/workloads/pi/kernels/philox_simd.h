/* The functions that _kernels_simd.c calls, once for each level of x86-64. */
#include <stdint.h>

#define DECLARE(level) uint64_t count_##level(uint64_t first, uint64_t end, uint64_t key);

DECLARE(v2)
DECLARE(v3)
DECLARE(v4)
DECLARE(v4_ifma)
