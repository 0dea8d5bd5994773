/* OpenBLAS as threadpoolctl finds it.

   threadpoolctl looks among the process's libraries for a file named libopenblas…,
   and looks its functions up there.  Here OpenBLAS is in the executable, and its names
   are not exported: they would take the place of those that a user's own packages
   bring.  So a small library of such a name (shown/openblas.c) is opened, whose
   functions call those of hpcpy_openblas.  It is opened when threadpoolctl is imported;
   other programs make no call for the file. */

#define _GNU_SOURCE
#include <Python.h>

#include "blas.h"
#include "bundle.h"
#include "location.h"
#include "module.h"
#include "shown/openblas.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OpenBLAS's own: how many threads it has, among how many it shares work, whether they run. */
extern int blas_num_threads, blas_cpu_number, blas_server_avail;
void openblas_set_num_threads(int count);
char *openblas_get_config(void);
char *openblas_get_corename(void);
int openblas_get_parallel(void);

/* How many threads OpenBLAS uses, and may use: like its own functions, but these start
   no thread. */
static int threads(void)
{
    hpcpy_blas_begin();
    hpcpy_blas_limit();
    return blas_cpu_number;
}

static void set_threads(int count)
{
    hpcpy_blas_begin();
    hpcpy_blas_limit();
    /* OpenBLAS's own function would start all of its threads to have fewer. */
    if (blas_server_avail == 0 && count > 0 && count <= blas_num_threads) {
        blas_cpu_number = count;
    } else {
        openblas_set_num_threads(count);
    }
}

static char *config(void)
{
    hpcpy_blas_begin();
    return openblas_get_config();
}

static char *corename(void)
{
    hpcpy_blas_begin();
    return openblas_get_corename();
}

/* Exported: a user may open the library before numpy is there. */
const HpcpyOpenblas hpcpy_openblas = {
    threads, set_threads, config, corename, openblas_get_parallel,
};

/* Called before threadpoolctl is imported, the image's or a user's.  The file is in lib/hpcpy,
   beside the library's folder. */
static PyObject *before(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(name))
{
    char path[PATH_MAX];
    const char *library = hpcpy_library(), *slash = strrchr(library, '/');
    int length = snprintf(path, sizeof(path), "%.*s/hpcpy/libopenblas-hpcpy.so",
                          (int)(slash == NULL ? 0 : slash - library), library);
    char *file = length < (int)sizeof(path) ? hpcpy_placed(path) : NULL;
    if (file != NULL) {
        dlopen(file, RTLD_NOW | RTLD_LOCAL);
    }
    free(file);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"before", before, METH_O,
     "before(name)\n--\n\nOpen the library that stands for OpenBLAS."},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_threadpoolctl_module, "_hpcpy_threadpoolctl", methods)
