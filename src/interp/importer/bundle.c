/* Hands the bundle, and the files of the one file, to Python. */

#include "bundle.h"

#include <string.h>

#include "location.h"
#include "module.h"

extern const unsigned char hpcpy_modules[], hpcpy_modules_end[];
extern const unsigned char hpcpy_folders[], hpcpy_folders_end[];
extern const unsigned char hpcpy_memory[], hpcpy_memory_end[];
extern const unsigned char hpcpy_path[], hpcpy_path_end[];
extern const unsigned char hpcpy_importer[], hpcpy_importer_end[];
extern const unsigned char hpcpy_encodings[], hpcpy_encodings_end[];

static PyObject *data(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyMemoryView_FromMemory(
        (char *)hpcpy_modules, hpcpy_modules_end - hpcpy_modules, PyBUF_READ);
}

static PyObject *files(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    if (!hpcpy_is_standalone()) {
        Py_RETURN_NONE;
    }
    return PyMemoryView_FromMemory(
        (char *)hpcpy_files, hpcpy_files_end - hpcpy_files, PyBUF_READ);
}

static PyMethodDef methods[] = {
    {"data", data, METH_NOARGS, "data()\n--\n\nThe bundle, read-only."},
    {"files", files, METH_NOARGS,
     "files()\n--\n\nThe library's files, None where they lie on a disk."},
    {"loads", hpcpy_loads, METH_O,
     "loads(value)\n--\n\nWhat one of the bundle's values is, compressed or not."},
    {NULL, NULL, 0, NULL},
};

static HPCPY_MODULE(initialise, "_hpcpy_bundle", methods)

static struct _frozen freeze(
    const char *name, const unsigned char *code, const unsigned char *end, int is_package)
{
    return (struct _frozen){name, code, (int)(end - code), is_package};
}

int hpcpy_bundle_prepare(void)
{
    /* Python looks here before its own frozen modules. */
    static struct _frozen frozen[6];
    frozen[0] = freeze("encodings", hpcpy_encodings, hpcpy_encodings_end, 1);
    frozen[1] = freeze("_hpcpy_importer", hpcpy_importer, hpcpy_importer_end, 0);
    frozen[2] = freeze("_hpcpy_folders", hpcpy_folders, hpcpy_folders_end, 0);
    frozen[3] = freeze("_hpcpy_memory", hpcpy_memory, hpcpy_memory_end, 0);
    frozen[4] = freeze("_hpcpy_path", hpcpy_path, hpcpy_path_end, 0);
    PyImport_FrozenModules = frozen;
    return PyImport_AppendInittab("_hpcpy_bundle", initialise);
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
