/* The loader looks for a library in each folder that LD_LIBRARY_PATH names and in
   seven below it, six of them for newer processors: for one library, Apptainer's one
   folder costs eight look-ups, all in vain, where one would do.  Nobody has an MPI
   for one level of processors there.

   The loader then reads its cache.  Whether another MPI than the image's own is in it is
   asked without its format, which is glibc's: each path is a text in it. */

#define _GNU_SOURCE
#include "library.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE "/etc/ld.so.cache"

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

/* The first path that ends with /SONAME, but not `own` nor one for newer processors alone. */
static const char *find(const char *cache, size_t size, const char *soname, const char *own)
{
    char end[64];
    size_t length = (size_t)snprintf(end, sizeof(end), "/%s", soname) + 1;
    const char *from = cache, *at;
    while (length <= sizeof(end)
           && (at = memmem(from, size - (size_t)(from - cache), end, length)) != NULL) {
        from = at + length;
        while (at > cache && at[-1] != '\0') {
            at--;
        }
        if (strcmp(at, own) != 0 && strstr(at, "/glibc-hwcaps/") == NULL) {
            return at;
        }
    }
    return NULL;
}

bool hpcpy_in_loader_cache(const char *const *sonames, int count, const char *own,
                           char (*paths)[4096])
{
    struct stat status;
    int file = open(CACHE, O_RDONLY | O_CLOEXEC);
    char *content = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0) {
        content = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    }
    for (int i = 0; i < count && content != MAP_FAILED; i++) {
        const char *other = find(content, (size_t)status.st_size, sonames[i], own);
        snprintf(paths[i], sizeof(paths[i]), "%s", other == NULL ? "" : other);
    }
    if (content != MAP_FAILED) {
        munmap(content, (size_t)status.st_size);
    }
    if (file >= 0) {
        close(file);
    }
    return content != MAP_FAILED;
}
