/* MPI without a NEEDED entry: mpi4py's and HDF5's calls are jumps through slots
   (mpi_stubs.S), filled from the MPI library when mpi4py.MPI is first imported.
   Python without MPI never looks for one, and a site's own wins by the loader's
   normal search.  docs/interpreter.md tells more. */

#define _GNU_SOURCE
#include <Python.h>

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

typedef struct {
    const char *name;
    void *target;
} Function;

typedef struct {
    const char *name;
    void *place;
    size_t size;
} Data;

extern Function hpcpy_mpi_functions[];
extern const Data hpcpy_mpi_data[];

PyObject *__real_PyInit_mpi4py__MPI(void);
PyObject *__wrap_PyInit_mpi4py__MPI(void);
int hpcpy_mpi_unavailable(void);
int hpcpy_mpi_answer_no(int *flag);
void hpcpy_mpi_no_library(const char *name);

/* What a function that the library lacks returns: mpi4py makes of this very
   number a NotImplementedError, and to HDF5 it is an error as any other. */
int hpcpy_mpi_unavailable(void)
{
    return -1431655766;
}

/* MPI_Initialized and MPI_Finalized, which HDF5 asks in programs without MPI. */
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

/* A library of another binary interface would take our handles for addresses. */
static const char *why_not(void *library)
{
    if (dlsym(library, "MPI_Init") == NULL) {
        return "it has no MPI_Init";
    }
    if (dlsym(library, "ompi_mpi_comm_world") != NULL) {
        return "it is Open MPI, and this interpreter's MPI modules are made for MPICH's interface";
    }
    return NULL;
}

/* srun --mpi=pmix and prterun, and not an mpiexec below them. */
static bool started_by_pmix(void)
{
    return getenv("PMIX_RANK") != NULL && getenv("PMI_FD") == NULL && getenv("PMI_PORT") == NULL;
}

/* The image's own MPI speaks PMI, and PMIx from a second file: which one is
   decided when it is compiled.  Not by LD_LIBRARY_PATH, which is the user's. */
static void *or_with_pmix(void *library)
{
    struct link_map *map = NULL;
    if (!started_by_pmix() || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0
        || strcmp(map->l_name, HPCPY_MPI "/lib/libmpi.so.12") != 0) {
        return library;
    }
    dlclose(library);
    return dlopen(HPCPY_MPI "/pmix/lib/libmpi.so.12", RTLD_LAZY);
}

/* Other binary interfaces (Open MPI's libmpi.so.40, MPI 5's libmpi_abi.so.0)
   need mpi4py and HDF5 compiled for them, too, and have their place here: their
   sonames after this one, why_not() as the choice, and the init function that
   belongs to what was found, called in place of the real one below.  The slots
   serve them all, as the functions' names are the same. */
static const char soname[] = "libmpi.so.12";

static void fill_slots(void *library)
{
    bool has_tool = false;
    for (const Data *data = hpcpy_mpi_data; data->name != NULL; data++) {
        const void *place = dlsym(library, data->name);
        if (place != NULL) {
            memcpy(data->place, place, data->size);
        }
    }
    for (Function *function = hpcpy_mpi_functions; function->name != NULL; function++) {
        /* Profiling tools put their own before MPI's: preloaded ones, and what
           mpi4py.profile() opens. */
        void *target = dlsym(RTLD_DEFAULT, function->name);
        if (target != NULL) {
            has_tool = true;
        } else if ((target = dlsym(library, function->name)) == NULL) {
            target = (void *)hpcpy_mpi_unavailable;
        }
        __atomic_store_n(&function->target, target, __ATOMIC_RELEASE);
    }
    struct link_map *map = NULL;
    if (has_tool && dlinfo(library, RTLD_DI_LINKMAP, &map) == 0) {
        /* They call MPI themselves, by names that a program's own MPI has for
           everybody. */
        dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL);
    }
}

/* What the loader's search would find, with fewer look-ups: see library.c. */
static void *open_found(void)
{
    char path[4096];
    void *library = NULL;
    /* Preloaded, it is there by its soname. */
    if (dlsym(RTLD_DEFAULT, "MPI_Init") == NULL && !hpcpy_in_library_path(soname)
        && hpcpy_in_loader_cache(soname, path, sizeof(path))) {
        library = dlopen(path, RTLD_LAZY);
    }
    return library != NULL ? library : dlopen(soname, RTLD_LAZY);
}

/* False leaves in `problem` why not, without Python: the lock is held. */
static bool load(const char *wanted, char *problem, size_t room)
{
    /* Lazily and not for everybody, as Python opens a module's libraries. */
    void *library = wanted != NULL ? dlopen(wanted, RTLD_LAZY) : open_found();
    if (library != NULL && wanted == NULL) {
        library = or_with_pmix(library);
    }
    const char *reason = library == NULL ? dlerror() : why_not(library);
    if (reason == NULL) {
        fill_slots(library);
        return true;
    }
    snprintf(problem, room, "%s", reason);
    if (library != NULL) {
        dlclose(library);
    }
    return false;
}

/* The folders of the loader's normal search, for the message. */
static char *searched(void)
{
    void *program = dlopen(NULL, RTLD_LAZY);
    Dl_serinfo size, *paths = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream != NULL && program != NULL && dlinfo(program, RTLD_DI_SERINFOSIZE, &size) == 0
        && (paths = malloc(size.dls_size)) != NULL) {
        if (dlinfo(program, RTLD_DI_SERINFOSIZE, paths) == 0
            && dlinfo(program, RTLD_DI_SERINFO, paths) == 0) {
            for (unsigned i = 0; i < paths->dls_cnt; i++) {
                fprintf(stream, "%s ", paths->dls_serpath[i].dls_name);
            }
        }
    }
    if (stream != NULL) {
        fputs("/etc/ld.so.cache", stream);
        fclose(stream);
    }
    free(paths);
    return text;
}

static void set_error(const char *wanted, const char *problem)
{
    if (wanted != NULL) {
        PyErr_Format(PyExc_ImportError,
                     "mpi4py.MPI: HPCPY_LIBMPI names %s, which cannot be used: %s; "
                     "name another file or unset the variable", wanted, problem);
        return;
    }
    char *paths = searched();
    PyErr_Format(PyExc_ImportError,
                 "mpi4py.MPI: %s does not load: %s; searched: %s; put the folder of an MPI library "
                 "with MPICH's interface into LD_LIBRARY_PATH before Python starts, "
                 "or name its file in HPCPY_LIBMPI",
                 soname, problem, paths == NULL ? "" : paths);
    free(paths);
}

PyObject *__wrap_PyInit_mpi4py__MPI(void)
{
    /* Subinterpreters may import it at one time; after a failure, which a
       program may mend, it is tried anew. */
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    char problem[1024] = "";
    const char *wanted = secure_getenv("HPCPY_LIBMPI");
    wanted = wanted != NULL && wanted[0] != '\0' ? wanted : NULL;
    pthread_mutex_lock(&mutex);
    loaded = loaded || load(wanted, problem, sizeof(problem));
    bool usable = loaded;
    pthread_mutex_unlock(&mutex);
    if (!usable) {
        set_error(wanted, problem);
        return NULL;
    }
    return __real_PyInit_mpi4py__MPI();
}
