/* The daemon: it reads the image for the kernel by squashfuse's functions, and hands the
   namespaces with the mount to later starts.  It stands outside of them and ends with the mount,
   which ends when no program is in the namespaces and nobody holds them. */

#define _GNU_SOURCE
#include <squashfuse/squashfuse.h>
#include <squashfuse/ll.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pack.h"

/* Images have zstd or zlib; of LZO the licence is GPL's, and nobody packs with the others. */
int lzo1x_decompress_safe(void) { return -1; }
int LZ4_decompress_safe(void) { return -1; }
int lzma_stream_buffer_decode(void) { return -1; }
int lzma_alone_decoder(void) { return -1; }
int lzma_code(void) { return -1; }
void lzma_end(void) {}

static const struct fuse_lowlevel_ops OPERATIONS = {
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

int send_files(int socket, const int *files, int count)
{
    char byte = 0, control[CMSG_SPACE(FILES * sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    if (count) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(part), files, count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int receive_files(int socket, int *files)
{
    char byte, control[CMSG_SPACE(FILES * sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    size_t size = part ? part->cmsg_len - CMSG_LEN(0) : 0;
    memcpy(files, part ? CMSG_DATA(part) : (void *)control, size);
    return size / sizeof(int);
}

/* Give the namespaces to each start of this user that asks: until the parent of the first one
   ends, or for some seconds after the last. */
static void *hold(void *argument)
{
    char **words = argument;
    int files[FILES], count = receive_files(LAUNCHER, files);
    if (count < 2)
        return NULL;
    pid_t parent = atoi(words[4]);
    int watched = parent > 1 ? syscall(SYS_pidfd_open, parent, 0) : -1;
    struct pollfd each[] = {{files[0], POLLIN, 0}, {watched, POLLIN, 0}};

    while (poll(each, 2, watched < 0 ? atoi(words[3]) * 1000 : -1) > 0 && !each[1].revents) {
        struct ucred other = {0};
        socklen_t size = sizeof other;
        int start = accept4(files[0], NULL, NULL, SOCK_CLOEXEC);
        if (start < 0)
            break;
        if (!getsockopt(start, SOL_SOCKET, SO_PEERCRED, &other, &size) && other.uid == getuid())
            send_files(start, files + 1, count - 1);
        close(start);
    }
    while (count--)
        close(files[count]);
    return NULL;
}

int serve(char **words)
{
    int files[FILES];
    pthread_t holder;
    char *names[] = {words[0], NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(1, names);
    struct fuse_loop_config settings = {.clone_fd = 1, .max_idle_threads = 10};
    sqfs_ll *image = sqfs_ll_open(words[1], strtoull(words[2], NULL, 10));

    /* The launcher mounts what can be read, and then speaks, or has ended. */
    if (!image || send_files(LAUNCHER, NULL, 0) || receive_files(LAUNCHER, files) < 0)
        return 1;
    struct fuse_session *session =
        fuse_session_new(&arguments, &OPERATIONS, sizeof OPERATIONS, image);
    if (!session || fuse_session_mount(session, "/dev/fd/3"))
        return 1;
    if (pthread_create(&holder, NULL, hold, words))
        return 1;
    return fuse_session_loop_mt(session, &settings) != 0;
}
