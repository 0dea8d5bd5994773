/* What the builder's libm.a asks of its C library: which of its variants this processor
   runs.  glibc tells programs that are linked with all of it; here libm alone is, so that
   every host computes the same bits.  On aarch64 it has no variants. */

#ifdef __x86_64__
#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>

/* glibc 2.41's, sysdeps/x86/include/cpu-features.h: the registers eax to edx of a leaf of
   cpuid, as the processor says and as may be used. */
typedef struct {
    uint32_t said[4], active[4];
} Leaf;

enum { EBX = 1, ECX = 2 };
enum { LEAF_1, LEAF_7, LEAF_80000001, LEAVES };

struct {
    uint32_t basic[5];
    Leaf leaves[LEAVES];
    char unused[1024];
} _dl_x86_cpu_features __attribute__((visibility("hidden")));

enum { OSXSAVE = 1 << 27, AVX = 1 << 28, FMA = 1 << 12, F16C = 1 << 29 }; /* leaf 1, ecx */
enum { AVX2 = 1 << 5 };                                                   /* leaf 7, ebx */
enum { FMA4 = 1 << 16, XOP = 1 << 11 };                                   /* 80000001, ecx */

static bool saves_ymm(uint32_t ecx)
{
    uint32_t low, high;
    if (!(ecx & OSXSAVE)) {
        return false;
    }
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static void nothing(void)
{
}

/* The loader calls it before those of libm: first.py sees to that.  Nothing of this
   program is relocated yet. */
__attribute__((no_stack_protector)) static void *look(void)
{
    uint32_t a, b, c, d;
    Leaf *leaves = _dl_x86_cpu_features.leaves;
    bool wide = false;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        wide = saves_ymm(c);
        leaves[LEAF_1].active[ECX] = wide ? c : c & ~(uint32_t)(AVX | FMA | F16C);
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        leaves[LEAF_7].active[EBX] = wide ? b : b & ~(uint32_t)AVX2;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) {
        leaves[LEAF_80000001].active[ECX] = wide ? c : c & ~(uint32_t)(FMA4 | XOP);
    }
    return nothing;
}

void hpcpy_look_first(void) __attribute__((ifunc("look"), visibility("hidden")));

/* Without a call there would be no relocation. */
__attribute__((constructor)) static void call(void)
{
    hpcpy_look_first();
}
#endif
