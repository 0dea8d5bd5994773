/* On a fresh mount the kernel unpacks up to 2.5 MB around each page that a start touches.
   So it is asked for what constants.ld and sections.ld have side by side, and reads nothing
   around other pages until Python has started.  README.md says how the places were found. */

#define _GNU_SOURCE
#include "hooks.h"
#include "location.h"
#include "module.h"

#include <stdint.h>
#include <sys/mman.h>

/* The linker's, bundle.S's and the code image's, which a draft has not. */
extern char __executable_start[], _edata[];
extern const char hpcpy_modules_end[], hpcpy_code_image[] __attribute__((weak));
void _PyRuntime_Finalize(void);
const char *zlibVersion(void);

enum { KIB = 1 << 10, LARGEST_PAGE = 64 * KIB, PIECE = 128 * KIB };
/* How much of the code image a start reads, then numpy, then numba and the rest of core. */
enum { OF_START = 1200 * KIB, OF_NUMPY = 8 << 20, OF_CORE = 16 << 20 };

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
    ask(image, image + OF_START);
    ask((uintptr_t)&PyType_Type - 128 * KIB, last);
}

/* Before all constructors: C++'s also read constants. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = ask_all;

void hpcpy_order_started(const PyConfig *Py_UNUSED(known))
{
    madvise(__executable_start, (size_t)(_edata - __executable_start), MADV_NORMAL);
}

/* A storage that many nodes share takes milliseconds for each block, and these imports read
   hundreds, one after the other.  Of a SIF it is no storage that reads: the kernel would unpack
   all of it here, before the import. */
static PyObject *before(PyObject *Py_UNUSED(module), PyObject *name)
{
    uintptr_t image = (uintptr_t)hpcpy_code_image;
    if (!hpcpy_is_standalone()) {
        Py_RETURN_NONE;
    }
    if (PyUnicode_EqualToUTF8(name, "numpy")) {
        ask((uintptr_t)_PyRuntime_Finalize, (uintptr_t)zlibVersion);
        ask(image + OF_START, image + OF_NUMPY);
    }
    else {
        ask(image + OF_NUMPY, image + OF_CORE);
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"before", before, METH_O, "before(name)\n--\n\nAsk for what an import of this package reads."},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_order_module, "_hpcpy_order", methods)
