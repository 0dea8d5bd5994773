/* The holder: a process in the namespaces that hands them on, by a socket whose name goes
   with it.  No file is left, whatever is killed. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pack.h"

#define HOLD_SECONDS 300
/* Where the kernel cannot tell of a launcher's end (before 5.3). */
#define BLIND_SECONDS 60

static const char *first_of(const char *const *names)
{
    for (; *names; names++)
        if (getenv(*names))
            return getenv(*names);
    return NULL;
}

const char *job(void)
{
    static const char *const names[] = {"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", NULL};
    return first_of(names);
}

int is_rank(void)
{
    static const char *const names[] = {
        "SLURM_STEP_ID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", NULL};
    return first_of(names) != NULL;
}

int start(char **words, const int *descriptors, int count)
{
    pid_t child = fork();
    if (child)
        return child < 0 ? -1 : waitpid(child, NULL, 0) == child ? 0 : -1;
    if (fork())
        _exit(0);
    int null = open("/dev/null", O_RDWR), kept[4];
    setsid();
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    for (int i = 0; i < count; i++)
        kept[i] = descriptors[i] < 0 ? -1 : fcntl(descriptors[i], F_DUPFD, 64);
    for (int i = 0; i < count; i++)
        if (kept[i] < 0)
            close(3 + i);
        else
            dup2(kept[i], 3 + i);
    if (syscall(SYS_close_range, 3 + count, ~0U, 0))
        for (int i = 3 + count; i < 65536; i++)
            close(i);
    if (chdir("/") == 0)
        execv("/proc/self/exe", words);
    _exit(127);
}

void start_holder(int listener, int served, int has_user_namespace)
{
    const char *held = getenv("HPCPY_PACK_HOLD");
    char seconds[32], *has_user = has_user_namespace ? "1" : "0";
    /* Of ranks, and in a job, the mount goes with the program that started them. */
    int is_bound = is_rank() || job(), parent = -1;
    if (is_bound && getppid() > 1)
        parent = syscall(SYS_pidfd_open, getppid(), 0);
    long most = held ? atol(held) : HOLD_SECONDS;
    if (is_rank())
        most = parent >= 0 ? -1 : BLIND_SECONDS;
    snprintf(seconds, sizeof seconds, "%ld", most);
    char *words[] = {"hpcpy-hold", seconds, has_user, config.prefix, NULL};
    prctl(PR_SET_DUMPABLE, 1);
    start(words, (int[]){listener, served, parent}, 3);
    close(parent);
}

/* Send the namespaces to one process that asks; -1 where none can ever be answered. */
static int hand_on(int listener, int *spaces, int count)
{
    struct ucred other = {0};
    socklen_t size = sizeof other;
    char byte = 0, control[CMSG_SPACE(2 * sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    int ends = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (ends < 0)
        return errno == EINTR || errno == ECONNABORTED ? 0 : -1;
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(part), spaces, count * sizeof(int));
    if (!getsockopt(ends, SOL_SOCKET, SO_PEERCRED, &other, &size) && other.uid == getuid())
        sendmsg(ends, &message, MSG_NOSIGNAL);
    close(ends);
    return 0;
}

/* hold SECONDS HAS_USER_NAMESPACE PREFIX: descriptor 3 is the socket, 4 ends with the daemon,
   5 with the launcher's parent.  Below 0 the time has no end. */
int hold(char **words)
{
    long seconds = atol(words[1]);
    int spaces[2], count = 0, watched = fcntl(5, F_GETFD) < 0 ? 2 : 3;
    time_t last = time(NULL);

    if (atol(words[2]))
        spaces[count++] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    spaces[count++] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    for (;;) {
        struct pollfd each[] = {{3, POLLIN, 0}, {4, 0, 0}, {5, POLLIN, 0}};
        long left = seconds < 0 ? -1 : last + seconds - time(NULL);
        if (seconds >= 0 && left <= 0)
            return 0;
        int ready = poll(each, watched, left < 0 ? -1 : left * 1000);
        if (ready > 0 && (each[1].revents || (watched > 2 && each[2].revents)))
            return 0;
        if (ready > 0 && each[0].revents) {
            if (each[0].revents != POLLIN || hand_on(3, spaces, count))
                return 1;
            last = time(NULL);
        }
    }
}
