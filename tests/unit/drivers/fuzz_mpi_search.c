/* Field 0: HPCPY_MPI's value and a zero byte, or nothing.  Field 1: the room for the reason, in
   bytes, and what hpcpy_in_library_path answers.  Field 2: what the loader says of a file that
   it cannot open.  Then files: cache/SONAME with the path in the loader's cache; and each name
   that opens a library, with the library's file, a colon, and the letter of its ABI. */

#include "driver.h"

#include <dlfcn.h>
#include <link.h>

static int room, in_path;

static void *opened(const char *file)
{
    return file == NULL ? (void *)&room : (void *)text_of(file);
}

static char letter(void *library)
{
    return library == RTLD_DEFAULT ? ' ' : strrchr(library, ':')[1];
}

static int new_version(int *major, int *minor)
{
    *major = 1;
    *minor = 0;
    return 0;
}

static void *symbol_of(void *library, const char *name)
{
    char of = letter(library);
    if (strcmp(name, "MPI_Abi_get_version") == 0) {
        return of == 'a' ? (void *)new_version : NULL;
    }
    const char *having = strcmp(name, "MPI_Init") == 0 ? "moa" : "o";
    return strchr(having, of) != NULL ? (void *)&room : NULL;
}

static int information(void *library, int what, void *to)
{
    static struct link_map map;
    static char name[8192];
    if (what != RTLD_DI_LINKMAP) {
        return -1;
    }
    snprintf(name, sizeof(name), "%s", (char *)library);
    *strrchr(name, ':') = '\0';
    map.l_name = name;
    *(struct link_map **)to = &map;
    return 0;
}

#define dlopen(file, how) opened(file)
#define dlsym(library, name) symbol_of(library, name)
#define dlinfo(library, what, to) information(library, what, to)
#define dlerror() field[2]
#define HPCPY_OWN_MPI "/own"

#include "mpi_search.c"

const HpcpyMpiInterface hpcpy_mpi_interfaces[HPCPY_INTERFACES] = {
    {.name = "mpich"}, {.name = "openmpi"}, {.name = "abi"},
};
PyObject *PyExc_ImportError;

int hpcpy_in_library_path(const char *const *names, int count)
{
    (void)names;
    return in_path < count ? in_path : HPCPY_NOWHERE;
}

bool hpcpy_in_loader_cache(const char *const *names, int count, const char *last,
                           char (*paths)[4096])
{
    (void)last;
    for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "cache/%s", names[i]);
        const char *path = text_of(name);
        snprintf(paths[i], sizeof(paths[i]), "%s", path == NULL ? "" : path);
    }
    return true;
}

PyObject *PyErr_Format(PyObject *exception, const char *format, ...)
{
    (void)exception;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(answers, format, arguments);
    va_end(arguments);
    return NULL;
}

static void one_case(void)
{
    int interface = -1;
    first_file = 3;
    sscanf(field[1], "%d %d", &room, &in_path);
    const char *wanted = field_size[0] == 0 ? NULL : field[0];
    char *problem = calloc((size_t)room, 1);
    const char *library = hpcpy_mpi_open(wanted, &interface, problem, (size_t)room);
    answer("%s %d", library == NULL ? "-" : library, interface);
    if (library == NULL) {
        hpcpy_mpi_set_error(wanted, problem);
    }
    free(problem);
}
