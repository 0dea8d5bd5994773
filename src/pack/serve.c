/* The daemon that reads the image for the kernel: squashfuse's own functions.  It stands
   outside of the namespace that has the mount, and ends when that namespace does. */

#include <squashfuse/squashfuse.h>
#include <squashfuse/ll.h>

#include <stdlib.h>
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
    .statfs = stfs_ll_op_statfs,
    .getxattr = sqfs_ll_op_getxattr,
    .listxattr = sqfs_ll_op_listxattr,
    .create = sqfs_ll_op_create,
};

/* serve IMAGE OFFSET: descriptor 3 is /dev/fuse, 4 brings a byte once it is mounted. */
int serve(char **words)
{
    char byte;
    char *names[] = {"hpcpy-mount", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(1, names);
    struct fuse_loop_config settings = {.clone_fd = 1, .max_idle_threads = 10};
    sqfs_ll *image = sqfs_ll_open(words[1], strtoull(words[2], NULL, 10));

    /* The launcher may have ended, or mounted nothing. */
    if (!image || read(4, &byte, 1) != 1)
        return 1;
    struct fuse_session *session =
        fuse_session_new(&arguments, &OPERATIONS, sizeof OPERATIONS, image);
    if (!session || fuse_session_mount(session, "/dev/fd/3"))
        return 1;
    return fuse_session_loop_mt(session, &settings) != 0;
}
