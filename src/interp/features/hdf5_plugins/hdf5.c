/* HDF5's plug-ins: filters in shared objects.  The executable does not export HDF5's
   functions.  A plug-in that was linked with libhdf5 gets them from a library of that
   name without code (build.sh), which is opened only for plug-ins: packages that
   bring an HDF5 of their own (netCDF4, PyTables) keep using that. */

#define _GNU_SOURCE
#include "hdf5_sonames.h" /* by build.sh */
#include "bundle.h"
#include "location.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

extern const char _PyHpcpy_hdf5;
void *hpcpy_hdf5_open(const char *path, int flags);

/* The library without code needs this name, so that no other program can open it. */
const char _PyHpcpy_hdf5 = 1;

/* The library itself, then those that lead to it under the names that plug-ins need. */
static const char *const names[] = {"libhdf5.so", HPCPY_HDF5_SONAMES};

static void open_names(void)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/site-packages/h5py/%s", hpcpy_library(), names[i]) >= 0) {
            /* It stays open: the loader takes an open library by its soname.  If one is
               missing, the plug-in that needs it says so. */
            char *file = hpcpy_placed(path);
            if (file != NULL) {
                dlopen(file, RTLD_LAZY | RTLD_LOCAL);
            }
            free(file);
            free(path);
        }
    }
}

/* HDF5's only dlopen; its archive's references are renamed to this. */
void *hpcpy_hdf5_open(const char *path, int flags)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_names);
    return dlopen(path, flags);
}
