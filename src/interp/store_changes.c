/* What would change a stored file or take it away: the file system is read-only. */

#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* `name` does `what` to the file at `path` from `folder`, and is refused.  The disk is
   asked first unless the path is plainly a stored file's. */
#define REFUSED(name, folder, path, parameters, arguments) \
    int __real_##name parameters; \
    int __wrap_##name parameters; \
    int __wrap_##name parameters \
    { \
        if (hpcpy_store_find(path) == NULL) { \
            int done = __real_##name arguments; \
            if (done == 0 || hpcpy_store_find_late(folder, path) == NULL) { \
                return done; \
            } \
        } \
        errno = EROFS; \
        return -1; \
    }

REFUSED(chmod, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode))
REFUSED(fchmodat, folder, path, (int folder, const char *path, mode_t mode, int flags),
        (folder, path, mode, flags))
REFUSED(chown, AT_FDCWD, path, (const char *path, uid_t user, gid_t group), (path, user, group))
REFUSED(lchown, AT_FDCWD, path, (const char *path, uid_t user, gid_t group), (path, user, group))
REFUSED(fchownat, folder, path,
        (int folder, const char *path, uid_t user, gid_t group, int flags),
        (folder, path, user, group, flags))
REFUSED(utimensat, folder, path,
        (int folder, const char *path, const struct timespec times[2], int flags),
        (folder, path, times, flags))
REFUSED(truncate64, AT_FDCWD, path, (const char *path, off64_t size), (path, size))
REFUSED(setxattr, AT_FDCWD, path,
        (const char *path, const char *name, const void *value, size_t size, int flags),
        (path, name, value, size, flags))
REFUSED(lsetxattr, AT_FDCWD, path,
        (const char *path, const char *name, const void *value, size_t size, int flags),
        (path, name, value, size, flags))
REFUSED(removexattr, AT_FDCWD, path, (const char *path, const char *name), (path, name))
REFUSED(lremovexattr, AT_FDCWD, path, (const char *path, const char *name), (path, name))
REFUSED(unlink, AT_FDCWD, path, (const char *path), (path))

/* A folder that seems empty to the disk is not, and a file is there already. */
#define REFUSED_IF(condition, error, name, parameters, arguments) \
    int __real_##name parameters; \
    int __wrap_##name parameters; \
    int __wrap_##name parameters \
    { \
        if (condition) { \
            errno = error; \
            return -1; \
        } \
        return __real_##name arguments; \
    }

REFUSED_IF(hpcpy_store_is_below(path), ENOTEMPTY, rmdir, (const char *path), (path))
REFUSED_IF(hpcpy_store_find_any(AT_FDCWD, path), EEXIST, mkdir, (const char *path, mode_t mode),
           (path, mode))
REFUSED_IF(hpcpy_store_find_any(folder, path), EEXIST, mkdirat,
           (int folder, const char *path, mode_t mode), (folder, path, mode))
REFUSED_IF(hpcpy_store_find_any(AT_FDCWD, path), EEXIST, symlink,
           (const char *target, const char *path), (target, path))
REFUSED_IF(hpcpy_store_find_any(folder, path), EEXIST, symlinkat,
           (const char *target, int folder, const char *path), (target, folder, path))

static bool stays(int folder, const char *path)
{
    return hpcpy_store_is_below(path) || hpcpy_store_find_any(folder, path) != NULL;
}

REFUSED_IF(stays(AT_FDCWD, from) || hpcpy_store_find_any(AT_FDCWD, to), EROFS, rename,
           (const char *from, const char *to), (from, to))
REFUSED_IF(stays(folder, from) || hpcpy_store_find_any(other, to), EROFS, renameat,
           (int folder, const char *from, int other, const char *to), (folder, from, other, to))
/* Whoever links instead of copying then copies. */
REFUSED_IF(hpcpy_store_find_any(folder, from) || hpcpy_store_find_any(other, to), EXDEV, linkat,
           (int folder, const char *from, int other, const char *to, int flags),
           (folder, from, other, to, flags))

int __real_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags)
{
    if (flags & AT_REMOVEDIR && hpcpy_store_is_below(path)) {
        errno = ENOTEMPTY;
        return -1;
    }
    if (hpcpy_store_find(path) == NULL) {
        int done = __real_unlinkat(folder, path, flags);
        if (done == 0 || hpcpy_store_find_late(folder, path) == NULL) {
            return done;
        }
    }
    errno = EROFS;
    return -1;
}
