/* On a fresh mount the kernel unpacks up to 2.5 MB around each page that a start touches.
   So it is asked for what sections.ld has side by side, and reads nothing around other
   pages until Python has started. */

#define _GNU_SOURCE
#include "hooks.h"

#include <stdint.h>
#include <sys/mman.h>

/* The linker's, bundle.S's and the code image's.  A draft has no code image. */
extern char __executable_start[], _edata[];
extern const char hpcpy_modules_end[], hpcpy_code_image[] __attribute__((weak));
void _PyRuntime_Finalize(void);

enum { KIB = 1 << 10, LARGEST_PAGE = 64 * KIB };

static void advise(const void *start, intptr_t from, const void *end, int advice)
{
    uintptr_t first = ((uintptr_t)start + from) / LARGEST_PAGE * LARGEST_PAGE;
    madvise((void *)first, (uintptr_t)end - first, advice);
}

static void ask(void)
{
    advise(__executable_start, 0, _edata, MADV_RANDOM);
    /* The last function that a start enters. */
    advise(__executable_start, 0, (const void *)_PyRuntime_Finalize, MADV_WILLNEED);
    /* The bundle's tables, then CPython's constants; names and code; types and state. */
    advise(hpcpy_modules_end, -128 * KIB, _Py_ctype_table, MADV_WILLNEED);
    advise(hpcpy_code_image, 0, hpcpy_code_image + 1200 * KIB, MADV_WILLNEED);
    advise(&PyType_Type, -128 * KIB, _edata, MADV_WILLNEED);
}

/* Before all constructors: C++'s also read constants. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = ask;

void hpcpy_order_started(const PyConfig *Py_UNUSED(known))
{
    advise(__executable_start, 0, _edata, MADV_NORMAL);
}
