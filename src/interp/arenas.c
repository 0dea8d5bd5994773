/* The arenas of Python's allocator, 1 MiB each, in pairs that fill one large page
   of the kernel's: a start touches some 400 pages of them, the core stack 6,000,
   and each one costs a page fault.  The first ones are as elsewhere: a bare start
   needs no more, and would have 1.1 MB of a large page for nothing.  Where the
   administrator has switched large pages off, this asks for them in vain and
   nothing else changes. */

#define _GNU_SOURCE
#include <Python.h>

#include "arenas.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)2 << 20)
enum { FIRST_ARENAS = 2 };

/* The second half of the last large page.  Interpreters with a GIL of their own
   allocate at the same time. */
static _Atomic(char *) spare;

static char *map(size_t size)
{
    char *got = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return got == MAP_FAILED ? NULL : got;
}

/* One large page, where large pages begin. */
static char *map_large(void)
{
    char *got = map(2 * LARGE);
    if (got == NULL) {
        return NULL;
    }
    size_t before = (LARGE - (uintptr_t)got % LARGE) % LARGE;
    if (before > 0) {
        munmap(got, before);
    }
    munmap(got + before + LARGE, LARGE - before);
    madvise(got + before, LARGE, MADV_HUGEPAGE);
    return got + before;
}

static void *allocate(void *Py_UNUSED(context), size_t size)
{
    static atomic_int before;
    if (size != LARGE / 2 || atomic_fetch_add(&before, 1) < FIRST_ARENAS) {
        return map(size);
    }
    char *half = atomic_exchange(&spare, NULL);
    if (half != NULL) {
        return half;
    }
    char *page = map_large();
    if (page == NULL) {
        return map(size);
    }
    half = atomic_exchange(&spare, page + size);
    if (half != NULL) {
        munmap(half, size);
    }
    return page;
}

static void release(void *Py_UNUSED(context), void *arena, size_t size)
{
    munmap(arena, size);
}

void hpcpy_arenas_prepare(bool use_environment)
{
    const char *wanted = use_environment ? getenv("HPCPY_ARENAS") : NULL;
    if (wanted == NULL || strcmp(wanted, "stock") != 0) {
        PyObjectArenaAllocator ours = {NULL, allocate, release};
        PyObject_SetArenaAllocator(&ours);
    }
}
