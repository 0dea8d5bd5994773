/* The unwinder of C++, which is linked in, asks the C library which code an address is in;
   before 2.35 that cannot be asked. */

#define _GNU_SOURCE
#include <link.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    uintptr_t address;
    struct dl_find_object *result;
} Query;

static int compare(struct dl_phdr_info *object, size_t size, void *data)
{
    const Query *query = data;
    uintptr_t low = UINTPTR_MAX, high = 0;
    void *frames = NULL;
    bool is_here = false;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + header->p_vaddr, end = begin + header->p_memsz;
        if (header->p_type == PT_GNU_EH_FRAME) {
            frames = (void *)begin;
        } else if (header->p_type == PT_LOAD) {
            low = begin < low ? begin : low;
            high = end > high ? end : high;
            is_here = is_here || (begin <= query->address && query->address < end);
        }
    }
    if (!is_here) {
        return 0;
    }
    memset(query->result, 0, sizeof(*query->result));
    query->result->dlfo_map_start = (void *)low;
    query->result->dlfo_map_end = (void *)high;
    query->result->dlfo_eh_frame = frames;
    return frames != NULL ? 1 : -1;
}

__attribute__((visibility("hidden")))
int _dl_find_object(void *address, struct dl_find_object *result)
{
    Query query = {(uintptr_t)address, result};
    return dl_iterate_phdr(compare, &query) == 1 ? 0 : -1;
}
