/* What the parts of C++ that are linked in ask of the C library. */

#define _GNU_SOURCE
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Only a hint: 0 is right for every program. */
char __libc_single_threaded = 0;

/* Whether an object has the address that `data` begins with; then it gets its frames. */
static int look(struct dl_phdr_info *object, size_t size, void *data)
{
    struct dl_find_object *found = data;
    const ElfW(Addr) address = (ElfW(Addr))found->dlfo_map_start;
    bool is_here = false;
    (void)size;
    found->dlfo_eh_frame = NULL;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        ElfW(Addr) begin = object->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_GNU_EH_FRAME) {
            found->dlfo_eh_frame = (void *)begin;
        }
        is_here |= header->p_type == PT_LOAD && address - begin < header->p_memsz;
    }
    return is_here;
}

/* Before 2.35 the unwinder could not ask which code an address is in.  It reads
   dlfo_eh_frame alone. */
int _dl_find_object(void *address, struct dl_find_object *result)
{
    result->dlfo_map_start = address;
    return dl_iterate_phdr(look, result) && result->dlfo_eh_frame != NULL ? 0 : -1;
}

#pragma GCC visibility pop
