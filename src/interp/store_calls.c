/* What the C library tells of files, told of stored ones: they are root's, for all to
   read, as old as all in the image, on a file system that is read-only. */

#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

/* Declares what is wrapped and what it stands before. */
#define WRAPPED(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(int, stat, const char *path, struct stat *status);
WRAPPED(int, lstat, const char *path, struct stat *status);
WRAPPED(int, stat64, const char *path, struct stat64 *status);
WRAPPED(int, lstat64, const char *path, struct stat64 *status);
WRAPPED(int, fstatat64, int folder, const char *path, struct stat64 *status, int flags);
WRAPPED(int, access, const char *path, int wanted);
WRAPPED(int, faccessat, int folder, const char *path, int wanted, int flags);
WRAPPED(ssize_t, readlink, const char *path, char *target, size_t room);
WRAPPED(ssize_t, readlinkat, int folder, const char *path, char *target, size_t room);
WRAPPED(int, statvfs64, const char *path, struct statvfs64 *status);
WRAPPED(long, pathconf, const char *path, int name);
WRAPPED(ssize_t, getxattr, const char *path, const char *name, void *value, size_t room);
WRAPPED(ssize_t, lgetxattr, const char *path, const char *name, void *value, size_t room);
WRAPPED(ssize_t, listxattr, const char *path, char *names, size_t room);
WRAPPED(ssize_t, llistxattr, const char *path, char *names, size_t room);

/* The device of the folder that they seem to lie in. */
static dev_t device(void)
{
    static _Atomic(dev_t) known;
    struct stat64 status;
    dev_t found = atomic_load(&known);
    if (found == 0 && __real_stat64(hpcpy_store_library(), &status) == 0) {
        found = status.st_dev;
        atomic_store(&known, found);
    }
    return found;
}

static int describe(const StoreFile *file, struct stat64 *status)
{
    const struct timespec time = {.tv_sec = (time_t)hpcpy_store_header()->epoch};
    *status = (struct stat64){
        .st_dev = device(),
        .st_ino = hpcpy_store_inode(file),
        .st_mode = S_IFREG | 0644,
        .st_nlink = 1,
        .st_size = file->size,
        .st_blksize = 4096,
        .st_blocks = (file->size + 511) / 512,
        .st_atim = time,
        .st_mtim = time,
        .st_ctim = time,
    };
    return 0;
}

/* The file that a call is about, which the disk may have answered. */
#define IF_STORED(folder, path, call, type, answer) \
    const StoreFile *file = hpcpy_store_find(path); \
    if (file == NULL) { \
        type done = (call); \
        if (done != (type)-1 || (file = hpcpy_store_find_late(folder, path)) == NULL) { \
            return done; \
        } \
    } \
    return answer

int __wrap_stat64(const char *path, struct stat64 *status)
{
    IF_STORED(AT_FDCWD, path, __real_stat64(path, status), int, describe(file, status));
}

int __wrap_lstat64(const char *path, struct stat64 *status)
{
    IF_STORED(AT_FDCWD, path, __real_lstat64(path, status), int, describe(file, status));
}

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct on 64-bit machines");

int __wrap_stat(const char *path, struct stat *status)
{
    return __wrap_stat64(path, (struct stat64 *)status);
}

int __wrap_lstat(const char *path, struct stat *status)
{
    return __wrap_lstat64(path, (struct stat64 *)status);
}

int __wrap_fstatat64(int folder, const char *path, struct stat64 *status, int flags)
{
    IF_STORED(folder, path, __real_fstatat64(folder, path, status, flags), int, describe(file, status));
}

static int failed(int error)
{
    errno = error;
    return -1;
}

static int allowed(int wanted)
{
    return wanted & W_OK ? failed(EROFS) : wanted & X_OK ? failed(EACCES) : 0;
}

int __wrap_access(const char *path, int wanted)
{
    IF_STORED(AT_FDCWD, path, __real_access(path, wanted), int, ((void)file, allowed(wanted)));
}

int __wrap_faccessat(int folder, const char *path, int wanted, int flags)
{
    IF_STORED(folder, path, __real_faccessat(folder, path, wanted, flags), int,
              ((void)file, allowed(wanted)));
}

ssize_t __wrap_readlink(const char *path, char *target, size_t room)
{
    IF_STORED(AT_FDCWD, path, __real_readlink(path, target, room), ssize_t,
              ((void)file, failed(EINVAL)));
}

ssize_t __wrap_readlinkat(int folder, const char *path, char *target, size_t room)
{
    IF_STORED(folder, path, __real_readlinkat(folder, path, target, room), ssize_t,
              ((void)file, failed(EINVAL)));
}

int __wrap_statvfs64(const char *path, struct statvfs64 *status)
{
    IF_STORED(AT_FDCWD, path, __real_statvfs64(path, status), int,
              ((void)file, __real_statvfs64(hpcpy_store_library(), status)));
}

long __wrap_pathconf(const char *path, int name)
{
    IF_STORED(AT_FDCWD, path, __real_pathconf(path, name), long,
              ((void)file, __real_pathconf(hpcpy_store_library(), name)));
}

/* They have no attributes beside; shutil.copy2 asks for their names. */
ssize_t __wrap_getxattr(const char *path, const char *name, void *value, size_t room)
{
    IF_STORED(AT_FDCWD, path, __real_getxattr(path, name, value, room), ssize_t,
              ((void)file, failed(ENODATA)));
}

ssize_t __wrap_lgetxattr(const char *path, const char *name, void *value, size_t room)
{
    IF_STORED(AT_FDCWD, path, __real_lgetxattr(path, name, value, room), ssize_t,
              ((void)file, failed(ENODATA)));
}

ssize_t __wrap_listxattr(const char *path, char *names, size_t room)
{
    IF_STORED(AT_FDCWD, path, __real_listxattr(path, names, room), ssize_t, ((void)file, 0));
}

ssize_t __wrap_llistxattr(const char *path, char *names, size_t room)
{
    IF_STORED(AT_FDCWD, path, __real_llistxattr(path, names, room), ssize_t, ((void)file, 0));
}
