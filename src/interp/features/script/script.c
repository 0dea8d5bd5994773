/* Running a script takes two look-ups: one for its folder, one to read it.  CPython
   makes three more to see whether it is a folder or a zip file, and one for each
   folder of its path. */

#define _GNU_SOURCE
#include "hooks.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int __real__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder);
int __wrap__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder);

/* None in this cache means that no importer takes it: it is a file with a program. */
static int take_for_script(const wchar_t *filename)
{
    size_t length = filename == NULL ? 0 : wcslen(filename);
    if (length < 3 || wcscmp(filename + length - 3, L".py") != 0) {
        return 0;
    }
    PyObject *cache = PySys_GetObject("path_importer_cache");
    PyObject *path = PyUnicode_FromWideChar(filename, (Py_ssize_t)length);
    int failed = cache == NULL || path == NULL || PyDict_SetItem(cache, path, Py_None) < 0;
    Py_XDECREF(path);
    return failed ? -1 : 0;
}

void hpcpy_script_started(const PyConfig *known)
{
    if (take_for_script(known->run_filename) < 0) {
        PyErr_Clear(); /* CPython then looks for itself */
    }
}

/* The kernel's name of an open file has all links resolved. */
static ssize_t resolve(const char *script, char *path, size_t room)
{
    char link[32];
    int file = open(script, O_PATH | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, room);
    close(file);
    return length < (ssize_t)room ? length : -1;
}

/* sys.path[0] of `python script.py`. */
int __wrap__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder)
{
    const wchar_t *first = argv->length > 0 ? argv->items[0] : L"";
    if (first[0] != L'\0' && first[0] != L'-') {
        char path[4096];
        char *script = Py_EncodeLocale(first, NULL);
        ssize_t length = script == NULL ? -1 : resolve(script, path, sizeof(path));
        PyMem_Free(script);
        const char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
        if (slash != NULL) {
            /* The folder of a script in / is / itself. */
            *folder = PyUnicode_DecodeFSDefaultAndSize(path, slash == path ? 1 : slash - path);
            return *folder == NULL ? -1 : 1;
        }
        PyErr_Clear();
    }
    return __real__PyPathConfig_ComputeSysPath0(argv, folder);
}
