/* Preloaded while a start is traced: it gives memory at the same addresses in every run,
   so that hash tables of addresses are searched in the same way and the trace is the
   same.  A builder may forbid personality(ADDR_NO_RANDOMIZE).  For one thread alone. */

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MEBIBYTE = 1 << 20, CLASSES = 48 };

typedef union Block {
    union Block *next; /* when free */
    size_t kind;       /* when in use: it has room for 1 << kind bytes after it */
    max_align_t aligned;
} Block;

static uintptr_t unused_addresses = (uintptr_t)1 << 44;
static char *fresh, *fresh_end;
static Block *freed[CLASSES];

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    if (address == NULL && (flags & MAP_ANONYMOUS)) {
        address = (void *)unused_addresses;
        unused_addresses += (size + 2 * MEBIBYTE - 1) / MEBIBYTE * MEBIBYTE;
        flags |= MAP_FIXED_NOREPLACE;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

/* Called by programs that are compiled for large files. */
void *mmap64(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    return mmap(address, size, protection, flags, file, offset);
}

void *malloc(size_t size)
{
    size_t kind = 5;
    while (((size_t)1 << kind) < size) {
        kind++;
    }
    Block *block = freed[kind];
    if (block != NULL) {
        freed[kind] = block->next;
    } else {
        size_t whole = sizeof(Block) + ((size_t)1 << kind);
        if (whole > (size_t)(fresh_end - fresh)) {
            size_t room = whole > 64 * MEBIBYTE ? whole : 64 * MEBIBYTE;
            fresh = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (fresh == MAP_FAILED) {
                _exit(99);
            }
            fresh_end = fresh + room;
        }
        block = (Block *)fresh;
        fresh += whole;
    }
    block->kind = kind;
    return block + 1;
}

void free(void *memory)
{
    if (memory != NULL) {
        Block *block = (Block *)memory - 1;
        size_t kind = block->kind;
        block->next = freed[kind];
        freed[kind] = block;
    }
}

void *calloc(size_t number, size_t size)
{
    return memset(malloc(number * size), 0, number * size);
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL) {
        return malloc(size);
    }
    size_t had = (size_t)1 << ((Block *)memory - 1)->kind;
    if (size <= had) {
        return memory;
    }
    void *moved = memcpy(malloc(size), memory, had);
    free(memory);
    return moved;
}
