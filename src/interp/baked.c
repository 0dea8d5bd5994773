/* What _hpcpy_baked.py needs of the loader: extension modules of which many share
   one file, and libraries opened by their paths. */

#define _GNU_SOURCE
#include "baked.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

typedef void (*Function)(void);

/* Of the module that this thread is about to create. */
static _Thread_local struct {
    const char *path, *pack, *name;
} next;

int __cxa_atexit(void (*)(void *), void *, void *);
Function __real__PyImport_FindSharedFuncptr(
    const char *prefix, const char *name, const char *path, FILE *file);
Function __wrap__PyImport_FindSharedFuncptr(
    const char *prefix, const char *name, const char *path, FILE *file);

static void *opened(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *said = dlerror();
        PyErr_SetString(PyExc_ImportError, said != NULL ? said : path);
    }
    return library;
}

static void *look_up(void *pack, const char *kind, const char *name)
{
    char symbol[512];
    if (PyOS_snprintf(symbol, sizeof symbol, "%s_%s", kind, name) >= (int)sizeof symbol) {
        return NULL;
    }
    return dlsym(pack, symbol);
}

/* Of one module: how many functions, they themselves. */
static void finish(void *functions)
{
    uintptr_t *list = functions;
    for (uintptr_t i = list[0]; i > 0; i--) {
        ((Function)list[i])();
    }
}

/* Called once a module, before its init function: see Tables.add_functions. */
static void start(uintptr_t *list)
{
    uintptr_t count = __atomic_exchange_n(&list[0], 0, __ATOMIC_ACQ_REL);
    if (count == 0) {
        return;
    }
    /* The destructors that the others register come before it. */
    __cxa_atexit(finish, &list[count + 1], NULL);
    for (uintptr_t i = 1; i <= count; i++) {
        ((void (*)(int, char **, char **))list[i])(0, NULL, environ);
    }
}

/* CPython asks it for a module's init function.  Those in one file cannot all be
   called PyInit_<last part of the name>, as it would have it. */
Function __wrap__PyImport_FindSharedFuncptr(
    const char *prefix, const char *name, const char *path, FILE *file)
{
    if (next.path == NULL || strcmp(path, next.path) != 0) {
        return __real__PyImport_FindSharedFuncptr(prefix, name, path, file);
    }
    void *pack = opened(next.pack);
    Function found = NULL;
    if (pack != NULL) {
        uintptr_t *functions = look_up(pack, "functions", next.name);
        if (functions != NULL) {
            start(functions);
            *(void **)&found = look_up(pack, "PyInit", next.name);
        }
    }
    return found;
}

PyObject *hpcpy_create(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    const char *path, *pack, *name;
    PyObject *create, *spec;
    if (!PyArg_ParseTuple(arguments, "OOsss", &create, &spec, &path, &pack, &name)) {
        return NULL;
    }
    next.path = path;
    next.pack = pack;
    next.name = name;
    PyObject *made = PyObject_CallOneArg(create, spec);
    /* An init function may import others, which have ended by now. */
    next.path = NULL;
    return made;
}

PyObject *hpcpy_load(PyObject *Py_UNUSED(module), PyObject *path)
{
    const char *name = PyUnicode_AsUTF8(path);
    if (name == NULL || opened(name) == NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}
