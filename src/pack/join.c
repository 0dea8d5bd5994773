/* A start's side: it asks the daemon of this user on the node for the namespace where the image
   lies over the prefix, and enters it.  Without a daemon it starts one.  Who enters can read the
   memory of all others there, as MPI does. */

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "pack.h"

#define TRIES 100

static const char *job(void)
{
    return getenv("SLURM_JOB_ID") ?: getenv("PBS_JOBID") ?: getenv("LSB_JOBID");
}

/* Write a name that the processes share which end together: those of a user, of a step.  It goes
   with its socket, so that no file is left.  Another mount namespace may have another /tmp. */
static void name_socket(char *name, size_t size, const char *image)
{
    struct stat space = {0};
    stat("/proc/self/ns/mnt", &space);
    snprintf(name, size, "hpcpy-pack/%u/%s/%lu/%s/%s", getuid(), basename(image),
             (unsigned long)space.st_ino, job() ?: "", getenv("SLURM_STEP_ID") ?: "");
}

/* Start this program as the daemon, which outlives it and is no child of its. */
static void start_daemon(int listener, char *image)
{
    /* In a job, and of ranks, the mount goes with the program that started them. */
    int has_end = job() || getenv("PMI_RANK") || getenv("PMIX_RANK") ||
                  getenv("OMPI_COMM_WORLD_RANK");
    char parent[16];
    snprintf(parent, sizeof parent, "%d", has_end ? getppid() : 0);
    pid_t child = fork();

    if (child) {
        waitpid(child, NULL, 0);
        return;
    }
    listener = fcntl(listener, F_DUPFD, LISTENER);   /* 0 to 2 become those of /dev/null */
    if (daemon(0, 0) == 0 && dup2(listener, LISTENER) == LISTENER) {
        closefrom(LISTENER + 1);
        execl("/proc/self/exe", "hpcpy-mount", image, parent, NULL);
    }
    _exit(127);
}

/* Ask the daemon, or the one that this process starts: a mount namespace, or -1. */
static int ask(char *image, char *reason, int *is_new)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct ucred owner;
    socklen_t size = sizeof owner;
    struct iovec text = {reason, REASON};
    struct space space = {.file = -1};
    struct msghdr message = {
        .msg_iov = &text, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};

    name_socket(address.sun_path + 1, sizeof address.sun_path - 1, image);
    int is_there = !connect(end, (void *)&address, sizeof address);
    /* Connected before the daemon is there, this start is the first that it sees. */
    *is_new = !is_there && !bind(listener, (void *)&address, sizeof address) &&
              !listen(listener, 4096) && !connect(end, (void *)&address, sizeof address);
    if (*is_new)
        start_daemon(listener, image);
    close(listener);
    if (is_there && (getsockopt(end, SOL_SOCKET, SO_PEERCRED, &owner, &size) ||
                     owner.uid != getuid()))
        strcpy(reason, "another user has the name of its socket");
    else if (is_there || *is_new)
        recvmsg(end, &message, MSG_CMSG_CLOEXEC);
    close(end);
    return space.file;
}

const char *enter(char *image)
{
    static char reason[REASON];
    const char *verbose = getenv("HPCPY_VERBOSE");
    int space, is_new;

    /* Of starts at once another one may have the name, and not listen yet. */
    for (int i = 0; (space = ask(image, reason, &is_new)) < 0 && !*reason && i < TRIES; i++)
        usleep(i * 1000);
    if (space < 0)
        return *reason ? reason : "its daemon ends at once";
    /* Root is in it already. */
    if (setns(ioctl(space, NS_GET_USERNS), CLONE_NEWUSER) && errno != EINVAL)
        return "the user namespace of its mount cannot be entered";
    if (setns(space, CLONE_NEWNS))
        err(69, "the mount namespace cannot be entered");
    if (verbose && *verbose)
        warnx(is_new ? "mounted %s by squashfuse in a namespace"
                     : "joined this user's mount on the node", image);
    return NULL;
}
