/* Vector types for the level of x86-64 that the compiler's flags choose. */
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
