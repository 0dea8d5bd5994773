/* On a fresh mount the kernel unpacks up to 2.5 MB around each page that a start touches.
   So it is asked for what constants.ld and sections.ld have side by side, and reads nothing
   around other pages until Python has started.  README.md says how the places were found. */

#define _GNU_SOURCE
#include "hooks.h"

#include <stdint.h>
#include <sys/mman.h>

/* The linker's, bundle.S's and the code image's, which a draft has not. */
extern char __executable_start[], _edata[];
extern const char hpcpy_modules_end[], hpcpy_code_image[] __attribute__((weak));
void _PyRuntime_Finalize(void);

enum { KIB = 1 << 10, LARGEST_PAGE = 64 * KIB, PIECE = 128 * KIB };

/* In pieces, as no more is read at once than a file system's read-ahead. */
static void ask(uintptr_t start, uintptr_t end)
{
    for (start = start / LARGEST_PAGE * LARGEST_PAGE; start < end; start += PIECE) {
        madvise((void *)start, PIECE, MADV_WILLNEED);
    }
}

static void ask_all(void)
{
    uintptr_t first = (uintptr_t)__executable_start, last = (uintptr_t)_edata;
    uintptr_t tables = (uintptr_t)hpcpy_modules_end, image = (uintptr_t)hpcpy_code_image;
    madvise(__executable_start, last - first, MADV_RANDOM);
    /* Symbols, constants, and functions up to the last one that a start enters. */
    ask(first, (uintptr_t)_PyRuntime_Finalize);
    /* The end of the bundle, and the importer's code behind it. */
    ask(tables - 128 * KIB, tables + 64 * KIB);
    ask(image, image + 1200 * KIB);
    ask((uintptr_t)&PyType_Type - 128 * KIB, last);
}

/* Before all constructors: C++'s also read constants. */
__attribute__((section(".preinit_array"), used)) static void (*const before)(void) = ask_all;

void hpcpy_order_started(const PyConfig *Py_UNUSED(known))
{
    madvise(__executable_start, (size_t)(_edata - __executable_start), MADV_NORMAL);
}
