/* "pi", a level, and first pair, end and key as three uint64; or "mandel", a level, maxiter, the
   columns' x and the rows' y as doubles; or "limit", a level and the number of vectors.  The
   answer is empty where the processor lacks the level. */

#include "driver.h"

#include "escape_simd.h"
#undef DECLARE
#include "philox_simd.h"

typedef struct {
    const char *name;
    uint64_t (*count)(uint64_t first, uint64_t end, uint64_t key);
    void (*fill)(const double *xs, int64_t width, const double *ys, int64_t height,
                 int32_t maxiter, int32_t *out, int64_t *next);
    double (*limit)(int64_t tests);
} Level;

static const Level levels[] = {
    {"v2", count_v2, fill_v2, limit_v2},
    {"v3", count_v3, fill_v3, limit_v3},
    {"v4", count_v4, fill_v4, limit_v4},
    {"v4_ifma", count_v4_ifma, NULL, NULL},
};

static int runs_here(const char *level)
{
    __builtin_cpu_init();
    int has_v4 = __builtin_cpu_supports("x86-64-v4") != 0;
    if (strcmp(level, "v4_ifma") == 0) {
        return has_v4 && __builtin_cpu_supports("avx512ifma") != 0;
    }
    if (strcmp(level, "v4") == 0) {
        return has_v4;
    }
    return strcmp(level, "v3") == 0 ? __builtin_cpu_supports("x86-64-v3") != 0
                                    : __builtin_cpu_supports("x86-64-v2") != 0;
}

static void mandel(const Level *level)
{
    int64_t width = (int64_t)(field_size[3] / sizeof(double));
    int64_t height = (int64_t)(field_size[4] / sizeof(double)), next = 0;
    /* Padded as the module does it: a level reads whole groups of a row's pixels. */
    double *xs = malloc(((size_t)width + GROUP_MOST) * sizeof(*xs));
    int32_t *out = malloc((size_t)(width * height) * sizeof(*out));
    memcpy(xs, field[3], field_size[3]);
    for (int k = 0; k < GROUP_MOST; k++) {
        xs[width + k] = 4.0;
    }
    level->fill(xs, width, (const double *)field[4], height, atoi(field[2]), out, &next);
    for (int64_t i = 0; i < width * height; i++) {
        fprintf(answers, "%d ", out[i]);
    }
    free(xs);
    free(out);
}

static void one_case(void)
{
    const Level *level = levels;
    while (strcmp(level->name, field[1]) != 0) {
        level++;
    }
    if (!runs_here(level->name)) {
        return;
    }
    if (strcmp(field[0], "mandel") == 0) {
        mandel(level);
    } else if (strcmp(field[0], "limit") == 0) {
        answer("%g", level->limit(atoi(field[2])));
    } else {
        uint64_t numbers[3];
        memcpy(numbers, field[2], sizeof(numbers));
        answer("%llu", (unsigned long long)level->count(numbers[0], numbers[1], numbers[2]));
    }
}
