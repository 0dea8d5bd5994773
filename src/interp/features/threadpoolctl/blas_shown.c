/* OpenBLAS as threadpoolctl finds it.

   threadpoolctl looks through the files that the process has opened for one named
   libopenblas…, and asks that for its functions.  Here OpenBLAS is in the
   executable, and its names are not exported: they would take the place of those
   that a user's own packages bring.  So a small library of such a name
   (shown/openblas.c) is opened, whose functions call those below.  It is opened
   once both numpy and threadpoolctl are imported; other programs never ask for
   the file. */

#define _GNU_SOURCE
#include "blas.h"
#include "shown/openblas.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

char *openblas_get_config(void);
char *openblas_get_corename(void);
int openblas_get_parallel(void);

/* Interpreters of one process may import at one time. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready;
static char wanted[PATH_MAX];

static void open_if_both(void)
{
    if (!is_ready || wanted[0] == '\0') {
        return;
    }
    void *library = dlopen(wanted, RTLD_NOW | RTLD_LOCAL);
    HpcpyOpenblas *functions = library == NULL ? NULL : dlsym(library, "hpcpy_openblas");
    if (functions != NULL) {
        *functions = (HpcpyOpenblas){
            hpcpy_blas_threads, hpcpy_blas_set_threads, openblas_get_config,
            openblas_get_corename, openblas_get_parallel,
        };
    }
}

void hpcpy_blas_ready(void)
{
    pthread_mutex_lock(&mutex);
    is_ready = true;
    open_if_both();
    pthread_mutex_unlock(&mutex);
}

void hpcpy_blas_show(const char *path)
{
    pthread_mutex_lock(&mutex);
    if (wanted[0] == '\0') {
        snprintf(wanted, sizeof(wanted), "%s", path);
        open_if_both();
    }
    pthread_mutex_unlock(&mutex);
}
