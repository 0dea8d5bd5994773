/* The library's files, where the executable has them: files.h. */

#include "files.h"

#include <string.h>

#include "location.h"

PyObject *hpcpy_files_view(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    if (!hpcpy_is_standalone()) {
        Py_RETURN_NONE;
    }
    return PyMemoryView_FromMemory(
        (char *)hpcpy_files, hpcpy_files_end - hpcpy_files, PyBUF_READ);
}

char *hpcpy_placed(const char *path)
{
    if (!hpcpy_is_standalone()) {
        return strdup(path);
    }
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module = PyImport_ImportModule("_hpcpy_files");
    PyObject *placed = module == NULL ? NULL : PyObject_CallMethod(module, "placed", "s", path);
    const char *text = placed == NULL ? NULL : PyUnicode_AsUTF8(placed);
    char *copy = text == NULL ? NULL : strdup(text);
    Py_XDECREF(placed);
    Py_XDECREF(module);
    PyErr_Clear();
    PyGILState_Release(state);
    return copy;
}
