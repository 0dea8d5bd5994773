/* MPI without a NEEDED entry: mpi4py's and HDF5's calls are jumps through slots
   (mpi_stubs.S), filled from the MPI library when mpi4py.MPI is first imported.
   Python without MPI never looks for one, and a site's own wins by the loader's
   normal search (mpi_search.c).

   mpi4py's module is there once for each ABI, all under one name;
   the library's ABI decides which one is imported.  HDF5 is there once, for
   MPICH's ABI, and uses its slots: with another library, HDF5 finds MPI not
   initialised.  See docs/how-to/mpi.md. */

#define _GNU_SOURCE
#include "bundle.h"
#include "mpi_interfaces.h"
#include "mpi_signals.h"
#include "location.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern HpcpyMpiFunction hpcpy_mpich_functions[], hpcpy_openmpi_functions[], hpcpy_abi_functions[];
extern const HpcpyMpiData hpcpy_mpich_data[], hpcpy_openmpi_data[], hpcpy_abi_data[];
extern HpcpyMpiHandle hpcpy_mpich_handles[], hpcpy_openmpi_handles[], hpcpy_abi_handles[];

PyObject *__real_PyInit_mpi4py__MPI(void);
PyObject *__wrap_PyInit_mpi4py__MPI(void);
PyObject *openmpi_PyInit_mpi4py__MPI(void);
PyObject *abi_PyInit_mpi4py__MPI(void);
int hpcpy_mpi_unavailable(void);
int hpcpy_mpi_answer_no(int *flag);
void hpcpy_mpi_no_library(const char *name);

const HpcpyMpiInterface hpcpy_mpi_interfaces[] = {
    {"mpich", hpcpy_mpich_functions, hpcpy_mpich_data, hpcpy_mpich_handles,
     __real_PyInit_mpi4py__MPI},
    {"openmpi", hpcpy_openmpi_functions, hpcpy_openmpi_data, hpcpy_openmpi_handles,
     openmpi_PyInit_mpi4py__MPI},
    {"abi", hpcpy_abi_functions, hpcpy_abi_data, hpcpy_abi_handles, abi_PyInit_mpi4py__MPI},
};

void *hpcpy_mpi_library;

/* Called for a function that the library lacks: mpi4py turns this very number into
   a NotImplementedError, and for HDF5 it is an error like any other. */
int hpcpy_mpi_unavailable(void)
{
    return -1431655766;
}

/* MPI_Initialized and MPI_Finalized, which HDF5 calls also in programs without MPI. */
int hpcpy_mpi_answer_no(int *flag)
{
    *flag = 0;
    return 0;
}

void hpcpy_mpi_no_library(const char *name)
{
    fprintf(stderr, "hpcpy: %s was called before there is MPI: import mpi4py.MPI first\n", name);
    abort();
}

static void fill_functions(void *library, const HpcpyMpiInterface *interface)
{
    bool has_tool = false;
    for (HpcpyMpiFunction *function = interface->functions; function->name != NULL; function++) {
        /* A profiling tool's functions go before MPI's: of a preloaded tool, or of one
           that mpi4py.profile() has opened. */
        void *target = dlsym(RTLD_DEFAULT, function->name);
        if (target != NULL) {
            has_tool = true;
        } else if ((target = dlsym(library, function->name)) == NULL) {
            target = (void *)hpcpy_mpi_unavailable;
        }
        /* mpi4py compares the slot with this: a missing function must stay unwrapped. */
        if (target != (void *)hpcpy_mpi_unavailable) {
            target = hpcpy_mpi_with_buffer(interface, function->name, target);
            target = hpcpy_mpi_with_signals(function->name, target);
        }
        __atomic_store_n(&function->target, target, __ATOMIC_RELEASE);
    }
    struct link_map *map = NULL;
    if (has_tool && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) {
        /* Tools call MPI themselves, by names that are global if a program is linked
           with MPI. */
        dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL);
    }
}

static void fill(void *library, const HpcpyMpiInterface *interface)
{
    for (const HpcpyMpiData *data = interface->data; data->name != NULL; data++) {
        const void *place = dlsym(library, data->name);
        if (place != NULL) {
            memcpy(data->place, place, data->size);
        }
    }
    /* A variable that an older library lacks is NULL, like a weak symbol's address. */
    for (HpcpyMpiHandle *handle = interface->handles; handle->name != NULL; handle++) {
        handle->address = dlsym(library, handle->name);
    }
    fill_functions(library, interface);
}

/* The one library of this process, opened at the first call; NULL leaves the reason in
   `problem`. */
static const HpcpyMpiInterface *open_library(const char *wanted, char *problem, size_t room)
{
    /* Subinterpreters may import it at the same time.  A failed import can be repeated:
       the program may have removed the cause. */
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static const HpcpyMpiInterface *loaded;
    pthread_mutex_lock(&mutex);
    if (loaded == NULL) {
        int which = 0;
        HpcpySignals signals;
        hpcpy_signals_keep(&signals);
        void *library = hpcpy_mpi_open(wanted, &which, problem, room);
        hpcpy_signals_put_back(&signals);
        if (library != NULL) {
            hpcpy_mpi_library = library;
            loaded = &hpcpy_mpi_interfaces[which];
            fill(library, loaded);
        }
    }
    const HpcpyMpiInterface *usable = loaded;
    pthread_mutex_unlock(&mutex);
    return usable;
}

/* The libfabric of the executable of `make standalone`: placed with MPI's library, beside it,
   unless both are in this process's memory. */
static char *own_fabric(const char *library)
{
    char *file = NULL;
    if (strstr(library, HPCPY_OWN_MPI "/lib/") == NULL) {
        return hpcpy_placed(HPCPY_OWN_MPI "/lib/libfabric.so.1");
    }
    int folder = (int)(strrchr(library, '/') - library);
    return asprintf(&file, "%.*s/libfabric.so.1", folder, library) < 0 ? NULL : file;
}

/* The MPI that the executable of `make standalone` has itself.  No lock is held: Python
   places it. */
static const HpcpyMpiInterface *open_own(char *problem, size_t size)
{
    char *file = hpcpy_is_standalone() ? hpcpy_placed(HPCPY_OWN_MPI "/lib/libmpi.so.12") : NULL;
    char *fabric = file == NULL ? NULL : own_fabric(file);
    const HpcpyMpiInterface *own = NULL;
    if (fabric != NULL) {
        hpcpy_mpi_open_fabric(fabric);
        own = open_library(file, problem, size);
    }
    free(fabric);
    free(file);
    return own;
}

/* Each of several ranks would be rank 0 of 1, and compute everything. */
static bool would_be_alone(void)
{
    const char *tasks = getenv("SLURM_STEP_NUM_TASKS");
    return hpcpy_is_standalone() && hpcpy_mpi_started_by_pmix()
           && (tasks == NULL || strcmp(tasks, "1") != 0);
}

PyObject *__wrap_PyInit_mpi4py__MPI(void)
{
    char problem[2048] = "";
    int is_read = 1; /* -E and -I hide our variables with Python's */
    if (PyConfig_GetInt("use_environment", &is_read) < 0) {
        return NULL;
    }
    const char *wanted = is_read ? secure_getenv("HPCPY_MPI") : NULL;
    wanted = wanted != NULL && wanted[0] != '\0' ? wanted : NULL;
    const HpcpyMpiInterface *usable = open_library(wanted, problem, sizeof(problem));
    if (usable == NULL && (wanted == NULL || strcmp(wanted, "mpich") == 0)) {
        if (would_be_alone()) {
            PyErr_SetString(PyExc_ImportError,
                            "mpi4py.MPI: the launcher speaks PMIx, and the file's own MPICH does "
                            "not; start ranks by srun --mpi=pmi2 or python -m hpcpy_mpi, or name "
                            "the file of the site's MPI in HPCPY_MPI");
            return NULL;
        }
        usable = open_own(problem, sizeof(problem));
    }
    if (usable == NULL) {
        hpcpy_mpi_set_error(wanted, problem);
        return NULL;
    }
    return usable->initialise();
}
