/* Python's first objects lie in huge pages: 32 MB of arenas take 16 page faults and not 8,192.

   Core makes 25 MB of objects, and a fault takes a microsecond.  Later arenas are as in any
   CPython: a program that frees them gives single pages back.  An interpreter with a lock of
   its own asks for arenas at the same time, so the count is atomic. */

#define _GNU_SOURCE
#include <Python.h>

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((size_t)2 << 20)
#define POOL ((size_t)32 << 20)

static char *pool;
static atomic_size_t used;

static void *map(size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return place == MAP_FAILED ? NULL : place;
}

static void *allocate(void *Py_UNUSED(context), size_t size)
{
    size_t offset = atomic_fetch_add(&used, size);
    return offset + size <= POOL ? pool + offset : map(size);
}

static void give_back(void *Py_UNUSED(context), void *place, size_t size)
{
    munmap(place, size);
}

/* Before Python's first object.  Where the kernel has no huge pages, or a limit of address
   space leaves no room, nothing changes. */
__attribute__((constructor)) static void start(void)
{
    char *room = map(POOL + PAGE);
    if (room == NULL) {
        return;
    }
    pool = (char *)(((uintptr_t)room + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    if (madvise(pool, POOL, MADV_HUGEPAGE) != 0) {
        munmap(room, POOL + PAGE);
        return;
    }
    PyObjectArenaAllocator arenas = {NULL, allocate, give_back};
    PyObject_SetArenaAllocator(&arenas);
}
