/* Opening stored files: each gets a file in memory of its own. */

#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int __real_open(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);
int __real___open64_2(const char *path, int flags);
int __real_openat64(int folder, const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap___open64_2(const char *path, int flags);
int __wrap_openat64(int folder, const char *path, int flags, ...);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);

static bool unpack(const StoreFile *file, char *whole)
{
    const char *packed = (const char *)hpcpy_files + file->offset;
    size_t size = ZSTD_decompress(whole, file->whole, packed, file->packed);
    errno = EIO;
    return !ZSTD_isError(size) && size == file->whole;
}

static bool write_all(int target, const char *contents, size_t size)
{
    /* pwrite leaves the position where a reader begins. */
    for (size_t done = 0; done < size;) {
        ssize_t written = pwrite(target, contents + done, size - done, (off_t)done);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written < 0 ? 0 : (size_t)written;
    }
    return true;
}

static bool fill(int target, const StoreFile *file)
{
    const struct timespec time = {.tv_sec = (time_t)hpcpy_store_header()->epoch};
    const struct timespec times[] = {time, time};
    const char *contents = (const char *)hpcpy_files + file->offset;
    char *whole = NULL;
    bool good = true;
    if (file->packed != file->whole) {
        whole = malloc(file->whole);
        good = whole != NULL && unpack(file, whole);
        contents = whole;
    }
    good = good && write_all(target, contents + file->skip, file->size)
        && fchmod(target, 0644) == 0 && futimens(target, times) == 0
        && fcntl(target, F_ADD_SEALS, SEALS) == 0;
    int error = errno;
    free(whole);
    errno = error;
    return good;
}

int hpcpy_store_open(const StoreFile *file, int flags)
{
    char name[201];
    unsigned how = MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (flags & O_DIRECTORY) {
        errno = ENOTDIR;
        return -1;
    }
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
        errno = EEXIST;
        return -1;
    }
    if (!(flags & O_PATH) && ((flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC)) {
        errno = EROFS;
        return -1;
    }
    snprintf(name, sizeof(name), "%s", hpcpy_store_name(file));
    int target = memfd_create(name, how | MFD_NOEXEC_SEAL);
    if (target < 0 && errno == EINVAL) {
        target = memfd_create(name, how); /* before Linux 6.3 */
    }
    if (target >= 0 && !fill(target, file)) {
        int error = errno;
        close(target);
        errno = error;
        return -1;
    }
    return target;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

/* A file that would be made beside a stored one of the same name is looked for before. */
static const StoreFile *before(int folder, const char *path, int flags)
{
    return flags & O_CREAT ? hpcpy_store_find_any(folder, path) : hpcpy_store_find(path);
}

static int late(int folder, const char *path, int flags, int done)
{
    const StoreFile *file = done >= 0 ? NULL : hpcpy_store_find_late(folder, path);
    return file == NULL ? done : hpcpy_store_open(file, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    const StoreFile *file = before(AT_FDCWD, path, flags);
    if (file != NULL) {
        return hpcpy_store_open(file, flags);
    }
    return late(AT_FDCWD, path, flags, __real_open64(path, flags, mode));
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return __wrap_open64(path, flags, mode);
}

/* What open without a mode becomes where the flags are not known to the compiler. */
int __wrap___open64_2(const char *path, int flags)
{
    const StoreFile *file = before(AT_FDCWD, path, flags);
    if (file != NULL) {
        return hpcpy_store_open(file, flags);
    }
    return late(AT_FDCWD, path, flags, __real___open64_2(path, flags));
}

int __wrap_openat64(int folder, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    const StoreFile *file = before(folder, path, flags);
    if (file != NULL) {
        return hpcpy_store_open(file, flags);
    }
    return late(folder, path, flags, __real_openat64(folder, path, flags, mode));
}

static FILE *stream(const StoreFile *file, const char *mode)
{
    bool reads = mode[0] == 'r' && strchr(mode, '+') == NULL;
    int opened = hpcpy_store_open(
        file, (reads ? O_RDONLY : O_RDWR) | (strchr(mode, 'e') != NULL ? O_CLOEXEC : 0));
    FILE *made = opened < 0 ? NULL : fdopen(opened, "r");
    if (opened >= 0 && made == NULL) {
        close(opened);
    }
    return made;
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    const StoreFile *file = before(AT_FDCWD, path, mode[0] == 'r' ? 0 : O_CREAT);
    FILE *made = file != NULL ? NULL : __real_fopen64(path, mode);
    if (file == NULL && made == NULL) {
        file = hpcpy_store_find_late(AT_FDCWD, path);
    }
    return file != NULL ? stream(file, mode) : made;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return __wrap_fopen64(path, mode);
}
