/* Which MPI library a process takes: the one that HPCPY_MPI names, else the first
   that the loader's normal search finds, of any ABI.  The image's own comes
   last, so that a site's is taken wherever the loader finds it. */

#define _GNU_SOURCE
#include "mpi_interfaces.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"
#include "location.h"

#define OWN HPCPY_OWN_MPI "/lib/libmpi.so.12"

static const char *const sonames[] = {"libmpi.so.12", "libmpi.so.40", "libmpi_abi.so.1"};
static const char *const abi_names[] = {
    "MPICH's ABI", "Open MPI's ABI", "the MPI standard's ABI",
};

/* True below srun --mpi=pmix and prterun, but not below an mpiexec that they start, nor where a
   script has a rank's number alone. */
bool hpcpy_mpi_started_by_pmix(void)
{
    return getenv("PMIX_RANK") != NULL && getenv("PMIX_NAMESPACE") != NULL
           && getenv("PMI_FD") == NULL && getenv("PMI_PORT") == NULL;
}

/* The image's own MPI is there twice, since it is compiled for PMI or for PMIx.  It is
   opened by its path: LD_LIBRARY_PATH is the user's. */
static const char *own_file(void)
{
    return hpcpy_mpi_started_by_pmix() ? HPCPY_OWN_MPI "/pmix/lib/libmpi.so.12" : OWN;
}

/* The image's MPI needs libfabric.so.1.  One in LD_LIBRARY_PATH wins, which the loader then
   finds by itself.  Else it is opened here, by its path: the loader would look at eight places
   of each folder first, and in its cache. */
void hpcpy_mpi_open_fabric(const char *file)
{
    static const char *const name[] = {"libfabric.so.1"};
    if (hpcpy_in_library_path(name, 1) == HPCPY_NOWHERE) {
        dlopen(file, RTLD_LAZY);
    }
}

static bool is_own(void *library)
{
    struct link_map *map = NULL;
    return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && strcmp(map->l_name, OWN) == 0;
}

/* A library's ABI, by functions and variables that only it has.  MPI_Abi_get_version may
   be called at any time; in MPICH's own library of the same release its answer is -1. */
static int interface_of(void *library)
{
    int (*version)(int *, int *) = dlsym(library, "MPI_Abi_get_version");
    int major = 0, minor = 0;
    if (dlsym(library, "ompi_mpi_comm_world") != NULL) {
        return HPCPY_OPENMPI;
    }
    return version != NULL && version(&major, &minor) == 0 && major > 0 ? HPCPY_ABI : HPCPY_MPICH;
}

/* With lazy binding and local names, as Python opens a module's libraries.  None is ever
   closed: MPICH's hwloc puts a string of its own into the environment. */
static void *open_library(const char *file)
{
    return dlopen(file, RTLD_LAZY);
}

static void *open_own(void)
{
    hpcpy_mpi_open_fabric(HPCPY_OWN_FABRIC);
    return open_library(own_file());
}

/* The first that opens, the image's own last; `failed` gets the reason of each that does not.
   In an image MPICH's ABI comes last: its own library is opened to see what it is, and with it
   libfabric, which another MPI would then have in place of its newer one. */
static void *open_first(const bool *asked, char *failed, size_t size)
{
    bool own = false;
    size_t length = 0;
    int begin = hpcpy_is_standalone() ? HPCPY_MPICH : HPCPY_MPICH + 1;
    for (int count = 0; count < HPCPY_INTERFACES; count++) {
        int i = (begin + count) % HPCPY_INTERFACES;
        void *library = asked[i] ? open_library(sonames[i]) : NULL;
        if (library != NULL && !is_own(library)) {
            return library;
        }
        own = own || library != NULL;
        if (asked[i] && library == NULL && length < size) {
            length += (size_t)snprintf(failed + length, size - length, "%s%s (%s)",
                                       length > 0 ? "; " : "", dlerror(), abi_names[i]);
        }
    }
    return own ? open_own() : NULL;
}

/* What the loader's search would find, with fewer look-ups: see library.c. */
static void *open_searched(const bool *asked, char *failed, size_t size)
{
    const char *names[HPCPY_INTERFACES];
    int which[HPCPY_INTERFACES], count = 0;
    for (int i = 0; i < HPCPY_INTERFACES; i++) {
        if (asked[i]) {
            names[count] = sonames[i];
            which[count++] = i;
        }
    }
    /* A preloaded library, whatever its soname: its functions win anyway (mpi.c), and its
       data must be of the same library.  A preloaded tool has no PMPI_Init of its own. */
    void *preloaded = dlsym(RTLD_DEFAULT, "PMPI_Init");
    Dl_info of;
    if (preloaded != NULL && dladdr(preloaded, &of) != 0) {
        void *library = dlopen(of.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        if (library != NULL) {
            return library;
        }
    }
    int first = hpcpy_in_library_path(names, count);
    if (first >= 0) {
        bool only[HPCPY_INTERFACES] = {false};
        only[which[first]] = true;
        return open_first(only, failed, size);
    }
    char paths[HPCPY_INTERFACES][4096];
    bool is_read = first == HPCPY_NOWHERE && hpcpy_in_loader_cache(names, count, OWN, paths);
    for (int i = 0; i < count && is_read; i++) {
        if (paths[i][0] == '\0') {
            continue;
        }
        /* On a host by its name, since the loader knows which of several is for this machine.
           In an image that might be the image's own, which leaves its libfabric for the other. */
        const char *path = paths[i], *name = names[i];
        void *library = open_library(hpcpy_is_standalone() ? name : path);
        if (library == NULL) {
            library = open_library(hpcpy_is_standalone() ? path : name);
        }
        if (library != NULL && !is_own(library)) {
            return library;
        }
    }
    /* In the system's folders, where the loader still looks, nothing is that its cache lacks:
       up to 180 look-ups in vain. */
    if (is_read && hpcpy_is_standalone()) { /* its own comes next: mpi.c */
        snprintf(failed, size, "it is neither in LD_LIBRARY_PATH nor in /etc/ld.so.cache");
        return NULL;
    }
    void *own = is_read && asked[HPCPY_MPICH] ? open_own() : NULL;
    if (own != NULL) {
        return own;
    }
    return open_first(asked, failed, size);
}

/* The ABI that the variable names, -1 for a file. */
static int named(const char *wanted)
{
    for (int i = 0; i < HPCPY_INTERFACES; i++) {
        if (strcmp(wanted, hpcpy_mpi_interfaces[i].name) == 0) {
            return i;
        }
    }
    return -1;
}

/* NULL leaves the reason in `problem`.  No call of Python: a lock is held. */
void *hpcpy_mpi_open(const char *wanted, int *interface, char *problem, size_t size)
{
    bool asked[HPCPY_INTERFACES];
    int only = wanted != NULL ? named(wanted) : -1;
    bool is_file = wanted != NULL && only < 0;
    for (int i = 0; i < HPCPY_INTERFACES; i++) {
        asked[i] = only < 0 || only == i;
    }
    void *library = is_file ? open_library(wanted) : open_searched(asked, problem, size);
    if (library == NULL) {
        const char *reason = is_file || problem[0] == '\0' ? dlerror() : NULL;
        if (reason != NULL) {
            snprintf(problem, size, "%s", reason);
        }
        return NULL;
    }
    /* Preloaded functions go before this library's (mpi.c), and are of no use to its data. */
    void *preloaded = dlsym(RTLD_DEFAULT, "PMPI_Init");
    Dl_info of = {0};
    if (dlsym(library, "MPI_Init") == NULL) {
        snprintf(problem, size, "it has no MPI_Init");
    } else if (preloaded != NULL && preloaded != dlsym(library, "PMPI_Init")) {
        dladdr(preloaded, &of);
        snprintf(problem, size, "%s is loaded already (LD_PRELOAD)", of.dli_fname);
    } else {
        *interface = interface_of(library);
        if (only < 0 || *interface == only) {
            return library;
        }
        snprintf(problem, size, "%s has %s", sonames[only], abi_names[*interface]);
    }
    return NULL;
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

void hpcpy_mpi_set_error(const char *wanted, const char *problem)
{
    if (wanted != NULL && named(wanted) < 0) {
        PyErr_Format(PyExc_ImportError,
                     "mpi4py.MPI: HPCPY_MPI names %s, which cannot be used: %s; name another file, "
                     "or mpich, openmpi or abi, or unset the variable", wanted, problem);
        return;
    }
    char *paths = searched();
    PyErr_Format(PyExc_ImportError,
                 "mpi4py.MPI: no MPI library loads%s%s: %s; searched: %s; put the folder of one "
                 "into LD_LIBRARY_PATH before Python starts, or name its file in HPCPY_MPI",
                 wanted != NULL ? " for HPCPY_MPI=" : "", wanted != NULL ? wanted : "", problem,
                 paths == NULL ? "" : paths);
    free(paths);
}
