/* What the files of the launcher share.  It is one static program: PREFIX/.pack/run. */

#ifndef HPCPY_PACK_H
#define HPCPY_PACK_H

#include <limits.h>

#define BINDS 32

/* PREFIX/.pack/config, read. */
struct config {
    char home[PATH_MAX];          /* PREFIX, where this program lies */
    char image[PATH_MAX + 512];
    char *prefix, *offset;        /* where the image is mounted, and where it begins in its file */
    char *from[BINDS], *to[BINDS];  /* then bound; what has no / in front is in the image */
    int binds;
    int has_path;                 /* the commands are those of PATH, not of PREFIX/bin */
};

extern struct config config;
/* What is being tried, for a message with errno. */
extern const char *step;

/* Enter namespaces where the image is mounted: 0, or -1. */
int enter(void);

#define FILES 3   /* in one message: the socket, a user namespace, a mount namespace */

/* Hand open files to another process; return how many one was handed, below 0 if none spoke. */
int send_files(int socket, const int *files, int count);
int receive_files(int socket, int *files);

/* The daemon's main: hpcpy-mount IMAGE OFFSET SECONDS PARENT, with descriptors from 3 on. */
int serve(char **words);
enum { DEVICE = 3, LAUNCHER = 4 };

#endif
