/* Running a script takes two look-ups: one for its folder, one to read it.  CPython
   makes three more to see whether it is a folder or a zip file, and one for each
   folder of its path.  What is no regular file is left to CPython. */

#define _GNU_SOURCE
#include "hooks.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

/* A zip file's last record has this size, and a comment of at most 65,535 bytes. */
enum { LAST_RECORD = 22 + 65535 };

/* The script's path with all links resolved. */
static char resolved[4096];

int __real__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder);
int __wrap__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder);

/* Whether zipimport may take a file of this size. */
static bool may_be_archive(const char *path, off_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    char *end = PyMem_RawMalloc(LAST_RECORD);
    off_t start = size > LAST_RECORD ? size - LAST_RECORD : 0;
    ssize_t length = file < 0 || end == NULL ? -1 : pread(file, end, LAST_RECORD, start);
    bool is_plain = length >= 0 && memmem(end, (size_t)length, "PK\5\6", 4) == NULL;
    PyMem_RawFree(end);
    if (file >= 0) {
        close(file);
    }
    return !is_plain;
}

/* None in this cache means that no importer takes it: it is a file with a program. */
static void take_for_script(PyObject *path)
{
    PyObject *cache = PySys_GetObject("path_importer_cache");
    if (cache != NULL && PyDict_SetItem(cache, path, Py_None) < 0) {
        PyErr_Clear();
    }
}

void hpcpy_script_started(const PyConfig *known)
{
    if (known->run_filename == NULL) {
        return;
    }
    PyObject *path = PyUnicode_FromWideChar(known->run_filename, -1);
    PyObject *bytes = path == NULL ? NULL : PyUnicode_EncodeFSDefault(path);
    size_t size = wcslen(known->run_filename);
    bool is_looked_into = size > 3 && wcscmp(known->run_filename + size - 3, L".py") == 0;
    /* This opens nothing yet: a pipe's text would be lost, a device may do something. */
    int file = bytes == NULL ? -1 : open(PyBytes_AS_STRING(bytes), O_PATH | O_CLOEXEC);
    struct stat status;
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        /* The kernel's name of the file has all links resolved. */
        char link[32];
        snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
        ssize_t length = readlink(link, resolved, sizeof(resolved));
        resolved[length < 0 || length == sizeof(resolved) ? 0 : length] = '\0';
        if (is_looked_into && !may_be_archive(link, status.st_size)) {
            take_for_script(path);
        }
    }
    if (file >= 0) {
        close(file);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(path);
    PyErr_Clear(); /* CPython then looks for itself */
}

/* sys.path[0] of `python script.py`. */
int __wrap__PyPathConfig_ComputeSysPath0(const PyWideStringList *argv, PyObject **folder)
{
    const char *slash = resolved[0] == '/' ? strrchr(resolved, '/') : NULL;
    if (slash == NULL) {
        return __real__PyPathConfig_ComputeSysPath0(argv, folder);
    }
    /* The folder of a script in / is / itself. */
    *folder = PyUnicode_DecodeFSDefaultAndSize(resolved, slash == resolved ? 1 : slash - resolved);
    resolved[0] = '\0';
    return *folder == NULL ? -1 : 1;
}
