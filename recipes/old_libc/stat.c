/* stat and its like, which were macros until glibc 2.33.  Where a long has 64 bits the
   kernel fills the structure that programs know.  Hidden, as all that stands in for glibc. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

int fstatat(int folder, const char *path, struct stat *result, int flags)
{
    return (int)syscall(SYS_newfstatat, folder, path, result, flags);
}

int stat(const char *path, struct stat *result)
{
    return fstatat(AT_FDCWD, path, result, 0);
}

int lstat(const char *path, struct stat *result)
{
    return fstatat(AT_FDCWD, path, result, AT_SYMLINK_NOFOLLOW);
}

int fstat(int file, struct stat *result)
{
    return (int)syscall(SYS_fstat, file, result);
}

int mknodat(int folder, const char *path, mode_t mode, dev_t device)
{
    if (device != (unsigned)device) { /* the kernel has 32 bits for it */
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_mknodat, folder, path, mode, (unsigned)device);
}

int mknod(const char *path, mode_t mode, dev_t device)
{
    return mknodat(AT_FDCWD, path, mode, device);
}

int stat64(const char *path, struct stat64 *result) __attribute__((alias("stat")));
int lstat64(const char *path, struct stat64 *result) __attribute__((alias("lstat")));
int fstat64(int file, struct stat64 *result) __attribute__((alias("fstat")));
int fstatat64(int folder, const char *path, struct stat64 *result, int flags)
    __attribute__((alias("fstatat")));

#pragma GCC visibility pop
