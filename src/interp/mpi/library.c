/* The loader looks for a library in each folder that LD_LIBRARY_PATH names and in
   seven below it, six of them for newer processors: for one library, Apptainer's one
   folder costs eight look-ups, all in vain, where one would do.  Nobody has an MPI
   for one level of processors there.

   The loader then reads its cache; the format is glibc's (cache_file_new in
   sysdeps/generic/dl-cache.h, "glibc-ld.so.cache1.1").  Before 2.32 it stood behind an
   older one. */

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

/* The flags of glibc's libraries for this architecture. */
#if defined(__x86_64__)
#define OURS 0x0303
#elif defined(__aarch64__)
#define OURS 0x0a03
#endif

typedef struct {
    char magic[12];
    uint32_t count;
} OldHeader;

#define OLD_ENTRY 12

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
    uint64_t levels; /* not 0: only for newer processors */
} Entry;

/* As the loader has read it: a program may change the variable for its children.  A copy,
   since a program that renames itself (setproctitle) writes over the environment. */
static const char *path_at_start;

__attribute__((constructor)) static void remember(void)
{
    const char *value = getenv("LD_LIBRARY_PATH");
    path_at_start = value == NULL ? NULL : strdup(value);
}

int hpcpy_in_library_path(const char *const *sonames, int count)
{
    if (path_at_start == NULL || path_at_start[0] == '\0') {
        return HPCPY_NOWHERE;
    }
    /* $ORIGIN and the like, which only the loader expands. */
    if (strchr(path_at_start, '$') != NULL) {
        return HPCPY_UNREADABLE;
    }
    char *copy = strdup(path_at_start), *rest = copy, *folder;
    int found = copy == NULL ? HPCPY_UNREADABLE : HPCPY_NOWHERE;
    while (found == HPCPY_NOWHERE && rest != NULL && (folder = strsep(&rest, ":;")) != NULL) {
        /* An empty entry is the working directory. */
        if (folder[0] == '\0') {
            found = HPCPY_UNREADABLE;
        }
        for (int i = 0; i < count && found == HPCPY_NOWHERE; i++) {
            char *path = NULL;
            if (asprintf(&path, "%s/%s", folder, sonames[i]) < 0) {
                found = HPCPY_UNREADABLE;
            } else if (access(path, F_OK) == 0) {
                found = i;
            }
            free(path);
        }
    }
    free(copy);
    return found;
}

/* The text at an offset, or NULL if it does not end within the file. */
static const char *text(const char *file, size_t size, uint32_t offset)
{
    return offset < size && memchr(file + offset, '\0', size - offset) ? file + offset : NULL;
}

/* Where the format begins in the cache; its size if it is not there. */
static size_t start_of(const char *cache, size_t size)
{
    const OldHeader *old = (const OldHeader *)cache;
    size_t start = 0;
    if (size > sizeof(OldHeader) && memcmp(old->magic, "ld.so-1.7.0", 11) == 0) {
        start = (sizeof(OldHeader) + (size_t)old->count * OLD_ENTRY + 7) / 8 * 8;
    }
    if (start > size || size - start < sizeof(Header)) {
        return size;
    }
    const Header *header = (const Header *)(cache + start);
    bool is_whole = header->count <= (size - start - sizeof(Header)) / sizeof(Entry);
    return is_whole && memcmp(header->magic, "glibc-ld.so.cache1.1", 20) == 0 ? start : size;
}

/* False if the cache has not the format. */
static bool find(const char *cache, size_t size, const char *soname, const char *last,
                 char path[4096])
{
    size_t start = start_of(cache, size);
    if (start == size) {
        return false;
    }
    const char *file = cache + start;
    size -= start;
    const Header *header = (const Header *)file;
    const Entry *entries = (const Entry *)(header + 1);
    for (uint32_t i = 0; i < header->count; i++) {
        const char *key = text(file, size, entries[i].key);
        const char *value = text(file, size, entries[i].value);
        if (key != NULL && value != NULL && strcmp(key, soname) == 0 && strlen(value) < 4096
            && entries[i].flags == OURS && entries[i].levels == 0) {
            strcpy(path, value);
            if (strcmp(value, last) != 0) {
                break;
            }
        }
    }
    return true;
}

bool hpcpy_in_loader_cache(const char *const *sonames, int count, const char *last,
                           char (*paths)[4096])
{
    struct stat status;
    int file = open(CACHE, O_RDONLY | O_CLOEXEC);
    char *content = MAP_FAILED;
    size_t size = 0;
    bool is_read = false;
    if (file >= 0 && fstat(file, &status) == 0) {
        size = (size_t)status.st_size;
        content = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    for (int i = 0; i < count; i++) {
        paths[i][0] = '\0';
        if (content != MAP_FAILED) {
            is_read = find(content, size, sonames[i], last, paths[i]);
        }
    }
    if (content != MAP_FAILED) {
        munmap(content, size);
    }
    if (file >= 0) {
        close(file);
    }
    return is_read;
}
