/* Namespaces in which the image lies over the prefix: joined, where one of this user's is
   there on the node, else made.  Who joins can read the others' memory, as MPI does. */

#define _GNU_SOURCE
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
#include <unistd.h>

#include "pack.h"

#define TRIES 100

/* Of a root without a user namespace there is none to hand on. */
static int has_user_namespace;

/* A name that the processes share which end together: those of a user, of a step.  Another
   mount namespace may have another /tmp. */
static socklen_t name_socket(struct sockaddr_un *address)
{
    struct stat space = {0};
    const char *step = getenv("SLURM_STEP_ID");
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    stat("/proc/self/ns/mnt", &space);
    int length = snprintf(address->sun_path + 1, sizeof address->sun_path - 1,
                          "hpcpy-pack/%u/%s/%lu/%s/%s", getuid(), config.mark,
                          (unsigned long)space.st_ino, job() ? job() : "", step ? step : "");
    if (length > (int)sizeof address->sun_path - 2)
        length = sizeof address->sun_path - 2;
    return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

/* 1: entered; 0: nobody answers; -1: this process may not, and mounts for itself. */
static int join(const struct sockaddr_un *address, socklen_t length)
{
    int ends = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), spaces[2] = {-1, -1}, count = 0;
    struct ucred owner = {0};
    socklen_t size = sizeof owner;
    char byte, control[CMSG_SPACE(sizeof spaces)];
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    if (ends < 0 || connect(ends, (const void *)address, length)) {
        close(ends);
        return 0;
    }
    /* Any user may have taken the name. */
    if (getsockopt(ends, SOL_SOCKET, SO_PEERCRED, &owner, &size) || owner.uid != getuid()) {
        close(ends);
        return -1;
    }
    if (recvmsg(ends, &message, MSG_CMSG_CLOEXEC) == 1) {
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        count = part ? (part->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
        memcpy(spaces, part ? CMSG_DATA(part) : (void *)spaces, count * sizeof(int));
    }
    close(ends);
    if (!count)
        return 0;
    /* The mount namespace is the last one; a root without a user namespace sends it alone. */
    for (int i = 0; i < count; i++)
        if (setns(spaces[i], 0)) {
            if (i)
                fail("the mount namespace cannot be entered: %s", strerror(errno));
            return -1;
        }
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
static int unshare_user(const char **why)
{
    uid_t user = getuid();
    gid_t group = getgid();
    char text[64];
    const char *way = getenv("HPCPY_PACK_ENGINE");
    int is_asked = way && !strcmp(way, "userns");

    *why = "a user namespace";
    if (!geteuid() && !is_asked && !unshare(CLONE_NEWNS))
        return 0;
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

static int mount_image(int device, const char *target)
{
    char options[160];
    snprintf(options, sizeof options,
             "fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other,default_permissions", device,
             getuid(), getgid());
    return mount(config.prefix, target, "fuse.hpcpy-pack", MS_RDONLY | MS_NODEV | MS_NOSUID,
                 options);
}

static int place_trees(const char **why)
{
    char path[8300];
    /* The first tree is the prefix's own, and covers the others. */
    for (int i = config.trees - 1; i >= 0; i--) {
        *why = config.place[i];
        snprintf(path, sizeof path, "%s/%s", config.prefix, config.tree[i]);
        if (mount(path, config.place[i], NULL, MS_BIND, NULL))
            return -1;
    }
    return 0;
}

/* Tell what forbids a mount before this process leaves its user namespace: there Apptainer
   could do it no more. */
static int is_forbidden(const char **why)
{
    char answer = '0';
    *why = "/dev/fuse";
    if (access(*why, R_OK | W_OK))
        return 1;
    *why = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    int file = geteuid() ? open(*why, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0 && read(file, &answer, 1) == 1)
        close(file);
    errno = EPERM;
    return answer == '1';
}

/* Mount, with a daemon outside.  `served` becomes a socket whose other end the daemon has. */
static int mount_anew(int *served, const char **why)
{
    int pair[2], device;
    if (is_forbidden(why) || unshare_user(why))
        return -1;
    *why = "/dev/fuse";
    if ((device = open("/dev/fuse", O_RDWR | O_CLOEXEC)) < 0)
        return -1;
    *why = "the daemon";
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    char *words[] = {"hpcpy-mount", config.image, config.offset, NULL};
    if (start(words, (int[]){device, pair[1]}, 2))
        return -1;
    close(pair[1]);
    *served = pair[0];
    *why = "a mount namespace";
    if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL))
        return -1;
    if (config.is_system && prepare_root(why))
        return -1;
    *why = config.prefix;
    if (mount_image(device, config.is_system ? ".image" : config.prefix))
        return -1;
    close(device);
    if (send(pair[0], "x", 1, MSG_NOSIGNAL) != 1)
        fail("%s cannot be read; is it whole?", config.image);
    return config.is_system ? fill_root(why) : place_trees(why);
}

int enter(const char **why)
{
    struct sockaddr_un address;
    socklen_t length = name_socket(&address);
    const char *held = getenv("HPCPY_PACK_HOLD");
    int listener = -1, served = -1, found = held && !atol(held) && !is_rank() ? -1 : 0;

    for (int i = 0; !found && i < TRIES; i++) {
        if ((found = join(&address, length)))
            break;
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!bind(listener, (void *)&address, length) && !listen(listener, 4096))
            break;
        /* Another one has the name by now: it mounts, or has just ended. */
        close(listener);
        listener = -1;
    }
    if (found > 0) {
        note("joined this user's mount on the node");
        return 0;
    }
    if (mount_anew(&served, why))
        return -1;
    if (listener >= 0)
        start_holder(listener, served, has_user_namespace);
    note("mounted %s by squashfuse in a namespace", config.image);
    return 0;
}

int enter_folder(const char *folder, const char **why)
{
    if (unshare_user(why))
        return -1;
    *why = "a mount namespace";
    if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL))
        return -1;
    *why = folder;
    return mount(folder, config.prefix, NULL, MS_BIND | MS_REC, NULL);
}
