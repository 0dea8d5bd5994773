/* What closes descriptors in a program that is spawned: since glibc 2.34.  A file of its own,
   as in glibc 2.28 dlsym is in a library that Python alone has. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#pragma GCC visibility push(hidden)

typedef int AddCloseFrom(posix_spawn_file_actions_t *actions, int from);

/* Above the limit of open files spawn closes none, but exec does those that Python opened. */
static int add(posix_spawn_file_actions_t *actions, int file)
{
    int flags = fcntl(file, F_GETFD);
    int error = flags == -1 ? 0 : posix_spawn_file_actions_addclose(actions, file);
    return error == EBADF && (flags & FD_CLOEXEC) != 0 ? 0 : error;
}

/* Without /proc each number is tried, of those that a process gets by default. */
static int add_each(posix_spawn_file_actions_t *actions, int from, long limit)
{
    int error = 0;
    for (int file = from; error == 0 && file < limit && file < 65536; file++) {
        error = add(actions, file);
    }
    return error;
}

/* By the host's where it has this.  Else what is open now is closed; what another thread opens
   meanwhile is closed on exec, as all that Python opens. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from)
{
    AddCloseFrom *hosts =
        (AddCloseFrom *)dlsym(RTLD_NEXT, "posix_spawn_file_actions_addclosefrom_np");
    if (hosts != NULL) {
        return hosts(actions, from);
    }
    const long limit = sysconf(_SC_OPEN_MAX);
    if (from < 0 || from >= limit) {
        return EBADF;
    }
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return add_each(actions, from, limit);
    }
    int error = 0;
    struct dirent *entry;
    while (error == 0 && (entry = readdir(folder)) != NULL) {
        int file = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && file >= from) {
            error = add(actions, file);
        }
    }
    closedir(folder);
    return error;
}

#pragma GCC visibility pop
