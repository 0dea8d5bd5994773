/* Which paths are those of stored files. */

#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int __real_open64(const char *path, int flags, ...);
ssize_t __real_readlink(const char *path, char *target, size_t room);

/* A second spelling is there where the library's path has links in it. */
static char library[PATH_MAX], real_library[PATH_MAX];
static size_t library_length;
static atomic_int real_library_state; /* 0 unknown, 1 the same, 2 another */

void hpcpy_store_start(const char *path)
{
    size_t length = strlen(path);
    if (length < sizeof(library) && strchr(path, '/') != NULL) {
        memcpy(library, path, length + 1);
        library_length = length;
    }
}

const char *hpcpy_store_library(void)
{
    return library;
}

/* An absolute path without //, . and .., or false when it is too long. */
static bool normalise(const char *path, char *result)
{
    size_t length = 0;
    while (*path != '\0') {
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            while (length > 0 && result[--length] != '/') {
            }
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (length + part + 2 > PATH_MAX) {
                return false;
            }
            result[length++] = '/';
            memcpy(result + length, path, part);
            length += part;
        }
        path += part;
        path += strspn(path, "/");
    }
    result[length] = '\0';
    return true;
}

/* What comes behind the library's path and a slash; NULL: it is elsewhere.  Without
   `room` for another spelling, it is one already. */
static const char *inside(const char *path, char *room)
{
    if (library_length == 0 || path == NULL || strncmp(path, library, library_length) != 0
        || (path[library_length] != '/' && path[library_length] != '\0')) {
        return NULL;
    }
    const char *rest = path + library_length;
    if (room != NULL && (strstr(rest, "//") != NULL || strstr(rest, "/.") != NULL)) {
        return normalise(path, room) ? inside(room, NULL) : NULL;
    }
    return *rest == '/' ? rest + 1 : rest;
}

/* Normalised, such a path would be a file's. */
static bool is_folders(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *last = slash == NULL ? path : slash + 1;
    return strcmp(last, "") == 0 || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

const StoreFile *hpcpy_store_find(const char *path)
{
    char room[PATH_MAX];
    const char *rest = inside(path, room);
    return rest == NULL || is_folders(path) ? NULL : hpcpy_store_exact_file(rest);
}

static bool path_of(int file, char *path)
{
    char link[32];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t length = __real_readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

static bool real_path(const char *folder, char *path)
{
    int file = __real_open64(folder, O_PATH | O_CLOEXEC | O_DIRECTORY);
    bool found = file >= 0 && path_of(file, path);
    if (file >= 0) {
        close(file);
    }
    return found;
}

/* What comes behind the library's real path; the one that is known may have links. */
static const char *really_inside(const char *path)
{
    const char *rest = inside(path, NULL);
    if (rest != NULL || library_length == 0) {
        return rest;
    }
    if (atomic_load(&real_library_state) == 0) {
        char found[PATH_MAX];
        bool other = real_path(library, found) && strcmp(found, library) != 0;
        if (other) {
            memcpy(real_library, found, sizeof(found));
        }
        atomic_store(&real_library_state, other ? 2 : 1);
    }
    size_t length = strlen(real_library);
    if (atomic_load(&real_library_state) != 2 || strncmp(path, real_library, length) != 0) {
        return NULL;
    }
    return path[length] == '/' ? path + length + 1 : path[length] == '\0' ? path + length : NULL;
}

static bool is_library(const char *path)
{
    const char *rest = really_inside(path);
    return rest != NULL && *rest == '\0';
}

/* Makes a path absolute; false: it cannot be one of the library's, whose last part
   it would have, by whatever links it goes. */
static bool may_be_inside(int folder, const char *path, char *result)
{
    size_t length = 0;
    if (library_length == 0 || path == NULL || path[0] == '\0') {
        return false;
    }
    if (path[0] != '/') {
        bool known = folder == AT_FDCWD ? getcwd(result, PATH_MAX) != NULL : path_of(folder, result);
        if (!known) {
            return false;
        }
        length = strlen(result);
        result[length++] = '/';
    }
    if (length + strlen(path) >= PATH_MAX) {
        return false;
    }
    strcpy(result + length, path);
    return strstr(result, strrchr(library, '/')) != NULL;
}

/* A stored file's path below another folder of the library's name, such as a link to
   it; that folder is asked where it really is.  Nothing else is asked: a venv's library
   has the same name, and much is looked for there in vain. */
static const StoreFile *resolved(const char *path)
{
    char plain[PATH_MAX], real[PATH_MAX];
    const char *leaf = strrchr(library, '/');
    char *place = normalise(path, plain) ? strstr(plain, leaf) : NULL;
    if (place == NULL || place[strlen(leaf)] != '/') {
        return NULL;
    }
    char *rest = place + strlen(leaf);
    const StoreFile *file = hpcpy_store_exact_file(rest + 1);
    *rest = '\0';
    bool same = file != NULL && real_path(plain, real) && is_library(real);
    return same ? file : NULL;
}

const StoreFile *hpcpy_store_find_late(int folder, const char *path)
{
    char absolute[PATH_MAX];
    int before = errno;
    const StoreFile *file = NULL;
    if (before == ENOENT && may_be_inside(folder, path, absolute) && !is_folders(path)) {
        file = hpcpy_store_find(absolute);
        file = file != NULL ? file : resolved(absolute);
    }
    errno = before;
    return file;
}

const StoreFile *hpcpy_store_find_any(int folder, const char *path)
{
    int before = errno;
    const StoreFile *file = hpcpy_store_find(path);
    if (file == NULL) {
        errno = ENOENT;
        file = hpcpy_store_find_late(folder, path);
    }
    errno = before;
    return file;
}

static const StoreFolder *folder_at(const char *rest)
{
    size_t length = rest == NULL ? 0 : strlen(rest);
    while (length > 0 && rest[length - 1] == '/') {
        length--;
    }
    return rest == NULL ? NULL : hpcpy_store_exact_folder(rest, length);
}

const StoreFolder *hpcpy_store_folder(const char *path)
{
    char room[PATH_MAX];
    return folder_at(inside(path, room));
}

const StoreFolder *hpcpy_store_folder_of(int file)
{
    char path[PATH_MAX];
    bool known = library_length > 0 && path_of(file, path);
    return known ? folder_at(really_inside(path)) : NULL;
}

bool hpcpy_store_may_be_folder(const char *path)
{
    char absolute[PATH_MAX];
    return may_be_inside(AT_FDCWD, path, absolute);
}

bool hpcpy_store_is_below(const char *path)
{
    char room[PATH_MAX];
    const char *rest = inside(path, room);
    return rest != NULL && hpcpy_store_has_below(rest);
}
