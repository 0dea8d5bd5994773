/* What the files of the launcher share.  It is one static program: PREFIX/.pack/run.  What it
   is to mount is in variables, which PREFIX/.pack/config sets: HPCPY_PACK_… */

#pragma once

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER 3   /* where the daemon has the socket at which starts ask */
#define REASON 4200

/* The daemon's answer, beside a text: a mount namespace, as an open file. */
struct space {
    struct cmsghdr head;
    int file;
};

/* Enter the namespace where the image lies over the prefix: NULL, or what forbids it. */
const char *enter(char *image);
/* The process at the other end of a socket; -1 if it is another user's. */
pid_t own_peer(int socket);
/* Read what is hot in the image ahead, or record what is read. */
void prepare_hot(void);
/* The daemon's main: hpcpy-mount IMAGE PARENT MILLISECONDS. */
int serve(char **words);
