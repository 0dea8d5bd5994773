/* A start's side: it asks the daemon of this user on the node for the namespace where the image
   lies over the prefix, and enters it.  Without a daemon it starts one.  Who enters can read the
   memory of all others there, as MPI does. */

#include <limits.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "pack.h"

static char hold[16];   /* how many milliseconds a mount stays after the last start */
static const char taken[] = "mounted %s for this start alone: no daemon of its answers";

static const char *job(void)
{
    return getenv("SLURM_JOB_ID") ?: getenv("PBS_JOBID") ?: getenv("LSB_JOBID");
}

/* In a job, and of ranks, the mount goes with the program that started them. */
static int has_end(void)
{
    return job() || getenv("PMI_RANK") || getenv("PMIX_RANK") || getenv("OMPI_COMM_WORLD_RANK");
}

/* Write a name that the processes share which end together: those of a user, of a step.  It goes
   with its socket, so that no file is left.  Another mount namespace may have another /tmp. */
static void name_socket(char *name, size_t size)
{
    struct stat space = {0};
    stat("/proc/self/ns/mnt", &space);
    /* One that records is no other start's.  What follows a long job's name would be cut off. */
    snprintf(name, size, "hpcpy-pack/%u/%s/%lu%s/%s/%s", getuid(), getenv("HPCPY_PACK_IMAGE"),
             (unsigned long)space.st_ino, basename(getenv("HPCPY_PACK_RECORD") ?: ""),
             getenv("SLURM_STEP_ID") ?: "", job() ?: "");
}

static void read_hold(void)
{
    const char *text = getenv("HPCPY_PACK_HOLD") ?: "300";
    char *end;
    long seconds = strtol(text, &end, 10);
    if (*end || seconds < 0)
        errx(2, "HPCPY_PACK_HOLD=%s: give seconds, 0 or more", text);
    snprintf(hold, sizeof hold, "%ld", seconds < INT_MAX / 1000 ? seconds * 1000 : INT_MAX);
}

/* Start this program as the daemon, which outlives it and is no child of its. */
static void start_daemon(int listener, char *image)
{
    char parent[16];
    snprintf(parent, sizeof parent, "%d", has_end() ? getppid() : 0);
    pid_t child = fork();

    if (child) {
        if (child > 0)   /* -1 would wait for any: for those that a shell had before its `exec` */
            waitpid(child, NULL, 0);
        return;
    }
    listener = fcntl(listener, F_DUPFD, LISTENER);   /* 0 to 2 become those of /dev/null */
    if (daemon(0, 0) == 0 && dup2(listener, LISTENER) == LISTENER) {
        closefrom(LISTENER + 1);
        execl("/proc/self/exe", "hpcpy-mount", image, parent, hold, NULL);
    }
    _exit(127);
}

pid_t own_peer(int socket)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int failed = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return failed || peer.uid != getuid() ? -1 : peer.pid;
}

/* Connect with the daemon, or with the one that this process starts: say which, or that its name
   is taken.  Of a mount that is not shared the kernel makes the name, which is nobody's before. */
static const char *reach(int end, int listener, char *image, int is_shared)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = is_shared ? sizeof address : sizeof address.sun_family;
    socklen_t bound = sizeof address;

    if (is_shared) {
        name_socket(address.sun_path + 1, sizeof address.sun_path - 1);
        if (!connect(end, (void *)&address, size))
            return own_peer(end) < 0 ? taken : "joined this user's mount on the node";
        if (errno == EAGAIN)
            return taken;
    }
    /* Connected before the daemon is there, this start is the first that it sees. */
    if (bind(listener, (void *)&address, size) || listen(listener, 4096) ||
        getsockname(listener, (void *)&address, &bound) || connect(end, (void *)&address, bound))
        return NULL;
    start_daemon(listener, image);
    return "mounted %s by squashfuse in a namespace";
}

/* Ask for the mount namespace: it, or -1 and perhaps a reason. */
static int ask(char *image, int is_shared, char *reason, const char **how)
{
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 2};   /* for a queue that nobody takes from */
    struct timeval slow = {.tv_sec = 60};      /* for a daemon that is stopped */
    struct iovec text = {reason, REASON};
    struct space space = {.file = -1};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};

    setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(end, SOL_SOCKET, SO_RCVTIMEO, &slow, sizeof slow);
    *how = reach(end, listener, image, is_shared);
    close(listener);
    if (*how && *how != taken && recvmsg(end, &message, MSG_CMSG_CLOEXEC) < 0 && errno == EAGAIN)
        *how = taken;
    close(end);
    return space.file;
}

const char *enter(char *image)
{
    static char reason[REASON];
    const char *verbose = getenv("HPCPY_VERBOSE"), *how = NULL;
    int space = -1;

    read_hold();
    /* Ranks that read each other's memory must share one. */
    int is_own = !strcmp(hold, "0") && !has_end();
    /* Another start may have the name already, and not listen yet: for less than a second. */
    for (int i = 0; !is_own && space < 0 && !*reason && how != taken && i < 45; i++) {
        usleep(i * 1000);
        space = ask(image, 1, reason, &how);
    }
    if (space < 0 && !*reason) {
        strcpy(hold, "0");
        space = ask(image, 0, reason, &how);
        if (!is_own)
            how = taken;
    }
    if (space < 0)
        return *reason ? reason : "its daemon ends at once";
    /* Root is in it already. */
    if (setns(ioctl(space, NS_GET_USERNS), CLONE_NEWUSER) && errno != EINVAL)
        return "the user namespace of its mount cannot be entered";
    if (setns(space, CLONE_NEWNS))
        err(69, "the mount namespace cannot be entered");
    if (verbose && *verbose)
        warnx(how, image);
    return NULL;
}
