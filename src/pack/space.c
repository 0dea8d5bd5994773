/* Namespaces in which the image lies over the prefix: joined, where one of this user's is
   there on the node, else made.  Who joins can read the others' memory, as MPI does. */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pack.h"

#define TRIES 100
#define HOLD_SECONDS "300"

/* Of a root without a user namespace there is none to hand on. */
static int has_user_namespace;

/* The first variable that is set: of ranks, of a batch system's job. */
static const char *rank(void)
{
    static const char *const names[] = {
        "SLURM_STEP_ID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"};
    for (int i = 0; i < 4; i++)
        if (getenv(names[i]))
            return getenv(names[i]);
    return NULL;
}

static const char *job(void)
{
    const char *slurm = getenv("SLURM_JOB_ID"), *pbs = getenv("PBS_JOBID");
    return slurm ? slurm : pbs ? pbs : getenv("LSB_JOBID");
}

static const char *seconds(void)
{
    const char *held = getenv("HPCPY_PACK_HOLD");
    return held ? held : HOLD_SECONDS;
}

/* A name that the processes share which end together: those of a user, of a step.  It goes with
   its socket, so that no file is left.  Another mount namespace may have another /tmp. */
static socklen_t name_socket(struct sockaddr_un *address)
{
    struct stat space = {0};
    const char *step_id = getenv("SLURM_STEP_ID");
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    stat("/proc/self/ns/mnt", &space);
    snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "hpcpy-pack/%u/%s/%lu/%s/%s",
             getuid(), basename(config.image), (unsigned long)space.st_ino, job() ? job() : "",
             step_id ? step_id : "");
    return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address->sun_path + 1);
}

/* 1: entered; 0: nobody answers; -1: this process may not, and mounts for itself. */
static int join(const struct sockaddr_un *address, socklen_t length)
{
    int ends = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), spaces[FILES];
    struct ucred owner = {0};
    socklen_t size = sizeof owner;

    if (connect(ends, (const void *)address, length)) {
        close(ends);
        return 0;
    }
    /* Any user may have taken the name. */
    int is_own = !getsockopt(ends, SOL_SOCKET, SO_PEERCRED, &owner, &size) && owner.uid == getuid();
    int count = is_own ? receive_files(ends, spaces) : 0;
    close(ends);
    if (count < 1)
        return is_own ? 0 : -1;
    /* The user namespace comes first, if there is one. */
    if (setns(spaces[0], 0))
        return -1;
    if (count > 1 && setns(spaces[1], 0))
        err(69, "the mount namespace cannot be entered");
    return 1;
}

static int write_map(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    int done = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return done ? 0 : -1;
}

/* Root has what it takes, and keeps its rights; another user gets them in a user namespace. */
static int unshare_user(void)
{
    uid_t user = getuid();
    gid_t group = getgid();
    char text[64];

    if (!geteuid() && !unshare(CLONE_NEWNS))
        return 0;
    step = "a user namespace";
    if (unshare(CLONE_NEWUSER))
        return -1;
    has_user_namespace = 1;
    write_map("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%u %u 1", user, user);
    if (write_map("/proc/self/uid_map", text))
        return -1;
    snprintf(text, sizeof text, "%u %u 1", group, group);
    return write_map("/proc/self/gid_map", text);
}

/* Tell what forbids a mount, before this process leaves its user namespace: from there
   Apptainer could not start. */
static int is_forbidden(void)
{
    char answer = '0';
    step = "/dev/fuse";
    if (access(step, R_OK | W_OK))
        return 1;
    step = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    int file = geteuid() ? open(step, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0 && read(file, &answer, 1) == 1)
        close(file);
    errno = EPERM;
    return answer == '1';
}

/* Start this program as the daemon, which outlives it; return the socket to it, or -1. */
static int start_daemon(int device)
{
    int pair[2];
    char parent[16];

    step = "the daemon";
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    /* Of ranks, and in a job, the mount goes with the program that started them. */
    snprintf(parent, sizeof parent, "%d", rank() || job() ? getppid() : 0);
    char *words[] = {"hpcpy-mount", config.image, config.offset, (char *)seconds(), parent, NULL};
    pid_t child = fork();
    if (child) {
        close(pair[1]);
        return child < 0 || waitpid(child, NULL, 0) != child ? -1 : pair[0];
    }
    if (fork())
        _exit(0);
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    /* Neither may be where the other is to be. */
    device = fcntl(device, F_DUPFD, 64);
    dup2(fcntl(pair[1], F_DUPFD, 64), LAUNCHER);
    dup2(device, DEVICE);
    closefrom(LAUNCHER + 1);
    if (chdir("/") == 0)
        execv("/proc/self/exe", words);
    _exit(127);
}

static int mount_image(int device)
{
    char options[160];
    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other,default_permissions", device,
             getuid(), getgid());
    step = config.prefix;
    return mount(config.prefix, config.prefix, "fuse.hpcpy-pack", MS_RDONLY | MS_NODEV | MS_NOSUID,
                 options);
}

static int bind_folders(void)
{
    if (config.binds && chdir(config.prefix))
        return -1;
    for (int i = 0; i < config.binds; i++) {
        step = config.to[i];
        if (mount(config.from[i], config.to[i], NULL, MS_BIND | MS_REC, NULL) &&
            (errno != ENOENT || *config.from[i] != '/'))   /* this host may lack one of its files */
            return -1;
    }
    return 0;
}

/* Mount, with a daemon outside; later starts ask it at `listener`, if there is one. */
static int mount_anew(int listener)
{
    int files[FILES] = {listener}, count = 1, device, daemon;

    if (is_forbidden() || unshare_user())
        return -1;
    step = "/dev/fuse";
    if ((device = open(step, O_RDWR | O_CLOEXEC)) < 0 || (daemon = start_daemon(device)) < 0)
        return -1;
    step = "a mount namespace";
    if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL))
        return -1;
    if (receive_files(daemon, files + 1) < 0)
        errx(69, "%s cannot be read; is it whole?", config.image);
    if (mount_image(device) || send_files(daemon, NULL, 0) || bind_folders())
        return -1;
    if (has_user_namespace)
        files[count++] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    files[count++] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (listener >= 0)
        send_files(daemon, files, count);
    close(daemon);
    close(device);
    return 0;
}

int enter(void)
{
    struct sockaddr_un address;
    socklen_t length = name_socket(&address);
    int listener = -1, found = atoi(seconds()) || rank() ? 0 : -1;

    for (int i = 0; !found && listener < 0 && i < TRIES; i++) {
        if ((found = join(&address, length)))
            break;
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(listener, (void *)&address, length) || listen(listener, 4096)) {
            /* Another one has the name by now: it mounts, or has just ended. */
            close(listener);
            listener = -1;
        }
    }
    if (found < 1 && mount_anew(listener))
        return -1;
    const char *verbose = getenv("HPCPY_VERBOSE");
    if (verbose && *verbose)
        warnx(found > 0 ? "joined this user's mount on the node"
                        : "mounted %s by squashfuse in a namespace", config.image);
    return 0;
}
