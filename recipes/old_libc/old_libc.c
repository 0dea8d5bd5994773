/* Functions of the builder's glibc that 2.28 lacks, by those that it has.  Linked into what
   runs on the host's C library; hidden, so that a host's libraries do not see them. */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

/* stat and its like were macros around these until 2.33. */
#ifdef __x86_64__
enum { STAT_VERSION = 1, MKNOD_VERSION = 0 };
#else
enum { STAT_VERSION = 0, MKNOD_VERSION = 0 };
#endif
#pragma GCC visibility push(default)
int __xstat(int version, const char *path, struct stat *result);
int __lxstat(int version, const char *path, struct stat *result);
int __fxstat(int version, int file, struct stat *result);
int __fxstatat(int version, int folder, const char *path, struct stat *result, int flags);
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
int __xmknodat(int version, int folder, const char *path, mode_t mode, dev_t *device);
#pragma GCC visibility pop

int stat(const char *path, struct stat *result)
{
    return __xstat(STAT_VERSION, path, result);
}

int lstat(const char *path, struct stat *result)
{
    return __lxstat(STAT_VERSION, path, result);
}

int fstat(int file, struct stat *result)
{
    return __fxstat(STAT_VERSION, file, result);
}

int fstatat(int folder, const char *path, struct stat *result, int flags)
{
    return __fxstatat(STAT_VERSION, folder, path, result, flags);
}

int mknod(const char *path, mode_t mode, dev_t device)
{
    return __xmknod(MKNOD_VERSION, path, mode, &device);
}

int mknodat(int folder, const char *path, mode_t mode, dev_t device)
{
    return __xmknodat(MKNOD_VERSION, folder, path, mode, &device);
}

/* Where a long has 64 bits both structures are one. */
int stat64(const char *path, struct stat64 *result) __attribute__((alias("stat")));
int lstat64(const char *path, struct stat64 *result) __attribute__((alias("lstat")));
int fstat64(int file, struct stat64 *result) __attribute__((alias("fstat")));
int fstatat64(int folder, const char *path, struct stat64 *result, int flags)
    __attribute__((alias("fstatat")));

/* Only a hint: 0 is right for every program. */
char __libc_single_threaded = 0;

int close_range(unsigned first, unsigned last, int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

/* Closes what is open now.  What another thread opens meanwhile is closed on exec, as all
   that Python opens. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int error = folder == NULL ? errno : 0;
    while (error == 0 && (entry = readdir(folder)) != NULL) {
        int file = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && file >= from && file != dirfd(folder)) {
            error = posix_spawn_file_actions_addclose(actions, file);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return error;
}

/* A semaphore's wait by another clock than the wall's: by the wall's, as long as that goes
   evenly. */
int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until)
{
    const long long second = 1000000000;
    struct timespec now, wall;
    if (clock == CLOCK_REALTIME) {
        return sem_timedwait(semaphore, until);
    }
    for (;;) {
        clock_gettime(clock, &now);
        clock_gettime(CLOCK_REALTIME, &wall);
        long long left = (until->tv_sec - now.tv_sec) * second + until->tv_nsec - now.tv_nsec;
        long long end = wall.tv_sec * second + wall.tv_nsec + (left > 0 ? left : 0);
        struct timespec limit = {end / second, end % second};
        if (sem_timedwait(semaphore, &limit) == 0) {
            return 0;
        }
        if (errno != ETIMEDOUT || left <= 0) {
            return -1;
        }
    }
}

#pragma GCC visibility pop
