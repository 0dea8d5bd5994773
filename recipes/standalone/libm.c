/* What the builder's libm.a asks of its C library: which of its variants this processor
   runs.  glibc tells programs that are linked with all of it; here libm alone is, so that
   every host computes the same bits.  On aarch64 it has no variants. */

#ifdef __x86_64__
#include <stdint.h>

/* glibc 2.41's, sysdeps/x86/include/cpu-features.h: the registers eax to edx of a leaf of
   cpuid, as the processor says and as may be used. */
typedef struct {
    uint32_t said[4], active[4];
} Leaf;

enum { EBX = 1, ECX = 2 };

struct {
    uint32_t basic[5];
    Leaf leaf_1, leaf_7, leaf_80000001;
    char unused[1024];
} _dl_x86_cpu_features __attribute__((visibility("hidden")));

typedef void Function(void);

static void nothing(void)
{
}

/* Nothing of this program is relocated yet.  These five are all that libm asks for. */
__attribute__((no_stack_protector)) static Function *look(void)
{
    __builtin_cpu_init();
    _dl_x86_cpu_features.leaf_1.active[ECX] = (__builtin_cpu_supports("sse4.1") ? 1 << 19 : 0)
        | (__builtin_cpu_supports("avx") ? 1 << 28 : 0)
        | (__builtin_cpu_supports("fma") ? 1 << 12 : 0);
    _dl_x86_cpu_features.leaf_7.active[EBX] = __builtin_cpu_supports("avx2") ? 1 << 5 : 0;
    _dl_x86_cpu_features.leaf_80000001.active[ECX] = __builtin_cpu_supports("fma4") ? 1 << 16 : 0;
    return nothing;
}

void hpcpy_look_first(void) __attribute__((ifunc("look"), visibility("hidden")));

/* The loader calls resolvers in the order of what they fill: this, then libm's in .got. */
__attribute__((used, section(".data.rel.ro"))) static Function *const first = hpcpy_look_first;
#endif
