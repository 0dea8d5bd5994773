/* The daemon: it mounts the image in a namespace of its own making, reads it for the kernel by
   squashfuse's functions, and hands the namespace to each start that asks.  Only the thread that
   hands it out is in there: the mount ends when this thread and all programs have ended. */

#include <squashfuse/squashfuse.h>
#include <squashfuse/ll.h>

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "pack.h"

static struct fuse_lowlevel_ops operations = {
    .init = sqfs_ll_op_init,
    .lookup = sqfs_ll_op_lookup,
    .forget = sqfs_ll_op_forget,
    .getattr = sqfs_ll_op_getattr,
    .readlink = sqfs_ll_op_readlink,
    .open = sqfs_ll_op_open,
    .read = sqfs_ll_op_read,
    .release = sqfs_ll_op_release,
    .opendir = sqfs_ll_op_opendir,
    .readdir = sqfs_ll_op_readdir,
    .releasedir = sqfs_ll_op_releasedir,
};

#define DEVICE "5"   /* /dev/fuse, the second file that the daemon opens and keeps */

static int parent;   /* with whose end nobody is handed the namespace any more */
static int hold;     /* or so many milliseconds after the last start */
static char first_place[PATH_MAX];   /* where the image lay when it was mounted */
static sem_t mounted;

/* Write where the image lies now, as the kernel spells it: a folder that is renamed takes the
   mount along.  No file system is asked.  The source is this daemon's number alone. */
static void find_place(char *place)
{
    char *line = NULL, source[64];
    FILE *file = fopen("/proc/thread-self/mountinfo", "re");
    size_t size = 0;

    *place = 0;
    snprintf(source, sizeof source, " - fuse.hpcpy-pack %d ", getpid());
    while (file && !*place && getline(&line, &size, file) > 0)
        if (strstr(line, source))
            sscanf(line, "%*s %*s %*s %*s %4095s", place);
    free(line);
    if (file)
        fclose(file);
}

/* Answer one start; 0 if none has come in time, or the next one needs another mount. */
static int answer(int milliseconds, int file, const char *reason)
{
    struct pollfd each[] = {{LISTENER, POLLIN, 0}, {parent, POLLIN, 0}};
    struct iovec text = {(char *)reason, strlen(reason) + 1};
    struct space space = {{CMSG_LEN(sizeof file), SOL_SOCKET, SCM_RIGHTS}, file};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &space,
                             .msg_controllen = file < 0 ? 0 : space.head.cmsg_len};

    if (poll(each, 2, milliseconds) < 1 || !each[0].revents)
        return 0;
    int start = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);
    if (start < 0)   /* too many open files: it would stay in the queue */
        return 0;
    pid_t peer = own_peer(start);
    char now[PATH_MAX];
    find_place(now);
    if (file >= 0 && strcmp(now, first_place))
        return close(start);
    /* In a user namespace all others have the number of "nobody"; a signal tells them from it. */
    if (peer > 0 && !kill(peer, 0))
        sendmsg(start, &message, MSG_NOSIGNAL);
    return close(start) == 0;
}

/* If something failed, tell all who wait what it was. */
static void check(int result, const char *what)
{
    char reason[REASON];
    if (result >= 0)
        return;
    snprintf(reason, sizeof reason, "%s: %s", what, strerror(errno));
    while (answer(0, -1, reason));
    _exit(1);
}

static void write_map(const char *path, const char *format, unsigned id)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    check(dprintf(file, format, id, id), path);
    close(file);
}

/* Root has what it takes, and keeps its rights; another user gets them in a user namespace. */
static void get_rights(void)
{
    uid_t user = getuid();
    gid_t group = getgid();

    if (!geteuid() && !unshare(CLONE_NEWNS))
        return;
    check(unshare(CLONE_NEWUSER), "a user namespace");
    write_map("/proc/self/setgroups", "deny", 0);
    write_map("/proc/self/uid_map", "%u %u 1", user);
    write_map("/proc/self/gid_map", "%u %u 1", group);
}

/* FROM=TO:…, where what has no / in front is in the image. */
static void bind_folders(const char *prefix, char *binds)
{
    for (char *to; (to = strsep(&binds, ":")) && *to;) {
        const char *from = strsep(&to, "=");
        int done = chdir(prefix) ?: mount(from, to, NULL, MS_BIND | MS_REC, NULL);
        if (errno != ENOENT || *from != '/')   /* this host may lack one of its files */
            check(done, to);
    }
}

/* Mount, and hand out the namespace: until the parent of the first start ends, or for some
   seconds after the last one. */
static void *mount_and_hold(void *prefix)
{
    char options[160], source[16];

    snprintf(options, sizeof options, "fd=" DEVICE ",rootmode=40000,user_id=%u,group_id=%u,"
             "allow_other,default_permissions", getuid(), getgid());
    check(unshare(CLONE_NEWNS), "a mount namespace");
    check(mount("", "/", NULL, MS_SLAVE | MS_REC, NULL), "a mount namespace");
    snprintf(source, sizeof source, "%d", getpid());
    check(mount(source, prefix, "fuse.hpcpy-pack", MS_RDONLY | MS_NODEV | MS_NOSUID, options),
          prefix);
    sem_post(&mounted);
    find_place(first_place);
    bind_folders(prefix, getenv("HPCPY_PACK_BINDS"));
    int space = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
    while (answer(parent < 0 ? hold : -1, space, ""));
    close(LISTENER);
    close(space);
    return NULL;
}

/* Serve other starts without the first one's limits, and not on its core alone, to which Slurm has
   bound it; none, where its memory or its time will end this. */
static void leave_limits(void)
{
    static const rlim_t memory = 4UL << 30;   /* its threads reserve about one gigabyte */
    const struct {
        int kind;
        rlim_t enough;
    } each[] = {{RLIMIT_NOFILE, 0}, {RLIMIT_AS, memory}, {RLIMIT_DATA, memory},
                {RLIMIT_CPU, RLIM_INFINITY}};
    struct rlimit limit;
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);   /* of the job's */
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        getrlimit(each[i].kind, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(each[i].kind, &limit);
        if (limit.rlim_max < each[i].enough)
            hold = 0, parent = -1;
    }
}

int serve(char **words)
{
    struct fuse_args arguments = FUSE_ARGS_INIT(1, words);
    struct fuse_loop_config settings = {.clone_fd = 1, .max_idle_threads = 10};
    sqfs_ll_chan channel;
    pthread_t holder;

    /* Its number is in the socket's name: while this is open the kernel gives it to no other. */
    check(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "/proc/self/ns/mnt");
    get_rights();
    check(open("/dev/fuse", O_RDWR | O_CLOEXEC), "/dev/fuse");
    prepare_hot();
    parent = atoi(words[2]) > 1 ? syscall(SYS_pidfd_open, atoi(words[2]), 0) : -1;
    hold = atoi(words[3]);
    leave_limits();
    errno = EUCLEAN;   /* squashfuse sets none */
    sqfs_ll *image = sqfs_ll_open(words[1], strtoull(getenv("HPCPY_PACK_OFFSET"), NULL, 10));
    if (!image || sqfs_ll_mount(&channel, "/dev/fd/" DEVICE, &arguments, &operations,
                                sizeof operations, image))
        check(-1, words[1]);
    sem_init(&mounted, 0, 0);
    check(-pthread_create(&holder, NULL, mount_and_hold, getenv("HPCPY_PACK_PREFIX")), "a thread");
    sem_wait(&mounted);   /* before, the kernel has no requests */
    return fuse_session_loop_mt(channel.session, &settings) != 0;
}
