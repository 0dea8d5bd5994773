/* What the files of the launcher share.  It is one static program: PREFIX/.pack/run. */

#ifndef HPCPY_PACK_H
#define HPCPY_PACK_H

#define TREES 8

/* PREFIX/.pack/config, read. */
struct config {
    char home[4096];              /* PREFIX, where this program lies */
    char image[4200];
    char *mark, *prefix, *offset;
    char *tree[TREES], *place[TREES];  /* folders of the image, and where each belongs */
    int trees;
    int is_system;                     /* the image is a whole system: root.c */
};

extern struct config config;
extern int verbose;

void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Enter namespaces where the image is mounted: 0, or -1 with errno and `why`. */
int enter(const char **why);
/* Enter namespaces of their own where a folder takes the place of the prefix. */
int enter_folder(const char *folder, const char **why);

/* A new root for an image that is a whole system: before the image is mounted, and after. */
int prepare_root(const char **why);
int fill_root(const char **why);

/* The batch system's job, if any; whether this process is one of a parallel program's. */
const char *job(void);
int is_rank(void);
/* Start this program as another one, which outlives it, with these descriptors from 3 on. */
int start(char **words, const int *descriptors, int count);
void start_holder(int listener, int served, int has_user_namespace);

/* Programs that this one starts itself as: they end with what they serve. */
int serve(char **words);
int hold(char **words);

#endif
