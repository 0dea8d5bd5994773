/* The loader looks for a library in seven folders below each one that
   LD_LIBRARY_PATH names, six of them for newer processors: for one library with
   Apptainer's one folder that is eight look-ups, all in vain, where one tells as
   much.  Nobody has an MPI for one level of processors there.

   Then comes its cache; the format is glibc's since 2.32 (cache_file_new in
   sysdeps/generic/dl-cache.h, "glibc-ld.so.cache1.1"). */

#define _GNU_SOURCE
#include "library.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE "/etc/ld.so.cache"

/* Of the kernel's machine and the C library that this is compiled for. */
#if defined(__x86_64__)
#define OURS 0x0303
#elif defined(__aarch64__)
#define OURS 0x0a03
#else
#define OURS -1
#endif

typedef struct {
    char magic[20];
    uint32_t count;
    uint32_t strings;
    uint32_t unused[5];
} Header;

typedef struct {
    int32_t flags;
    uint32_t key;   /* the soname's offset in the file */
    uint32_t value; /* the path's */
    uint32_t unused;
    uint64_t levels; /* not 0: for newer processors alone */
} Entry;

/* The loader's: a program may change the variable for its children. */
static const char *path_at_start;

__attribute__((constructor)) static void remember(void)
{
    path_at_start = getenv("LD_LIBRARY_PATH");
}

bool hpcpy_in_library_path(const char *soname)
{
    if (path_at_start == NULL || path_at_start[0] == '\0') {
        return false;
    }
    /* Empty parts mean the working directory; $ begins $ORIGIN and its like. */
    if (strchr(path_at_start, '$') != NULL || path_at_start[0] == ':'
        || strstr(path_at_start, "::") != NULL
        || path_at_start[strlen(path_at_start) - 1] == ':') {
        return true;
    }
    char *copy = strdup(path_at_start), *rest = copy, *folder;
    bool found = copy == NULL;
    while (!found && rest != NULL && (folder = strsep(&rest, ":;")) != NULL) {
        char *path = NULL;
        found = asprintf(&path, "%s/%s", folder, soname) < 0 || access(path, F_OK) == 0;
        free(path);
    }
    free(copy);
    return found;
}

/* The text at an offset, or NULL where it does not end in the file. */
static const char *text(const char *file, size_t size, uint32_t offset)
{
    return offset < size && memchr(file + offset, '\0', size - offset) ? file + offset : NULL;
}

static bool find(const char *file, size_t size, const char *soname, char *path, size_t room)
{
    const Header *header = (const Header *)file;
    const Entry *entries = (const Entry *)(header + 1);
    if (size < sizeof(Header) || memcmp(header->magic, "glibc-ld.so.cache1.1", 20) != 0
        || header->count > (size - sizeof(Header)) / sizeof(Entry)) {
        return false;
    }
    for (uint32_t i = 0; i < header->count; i++) {
        const char *key = text(file, size, entries[i].key);
        const char *value = text(file, size, entries[i].value);
        if (key != NULL && value != NULL && strcmp(key, soname) == 0
            && entries[i].flags == OURS && entries[i].levels == 0) {
            return snprintf(path, room, "%s", value) < (int)room;
        }
    }
    return false;
}

bool hpcpy_in_loader_cache(const char *soname, char *path, size_t room)
{
    struct stat status;
    bool found = false;
    int file = open(CACHE, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &status) == 0) {
        size_t size = (size_t)status.st_size;
        char *content = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (content != MAP_FAILED) {
            found = find(content, size, soname, path, room);
            munmap(content, size);
        }
    }
    if (file >= 0) {
        close(file);
    }
    return found;
}
