/* Hands the stored files to hpcpy_info.py. */

#include "store_module.h"

#include <fcntl.h>

#include "store.h"

static PyObject *data(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    return PyMemoryView_FromMemory(
        (char *)hpcpy_files, (Py_ssize_t)hpcpy_store_header()->size, PyBUF_READ);
}

static PyObject *holds(PyObject *Py_UNUSED(module), PyObject *path)
{
    PyObject *name = NULL;
    if (!PyUnicode_FSConverter(path, &name)) {
        return NULL;
    }
    bool found = hpcpy_store_find_any(AT_FDCWD, PyBytes_AS_STRING(name)) != NULL;
    Py_DECREF(name);
    return PyBool_FromLong(found);
}

static PyMethodDef methods[] = {
    {"data", data, METH_NOARGS, "data()\n--\n\nThe stored files and their table, read-only."},
    {"holds", holds, METH_O, "holds(path)\n--\n\nWhether it is one of them."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_hpcpy_store",
    .m_doc = "The files that lie in the executable.",
    .m_methods = methods,
    .m_slots = slots,
};

PyObject *hpcpy_store_initialise(void)
{
    return PyModuleDef_Init(&definition);
}
