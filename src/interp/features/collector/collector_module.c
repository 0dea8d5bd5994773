/* The module _hpcpy_collector: a loader's exec_module() in a window of collector.c. */

#include "collector.h"

#include <stdlib.h>
#include <string.h>

/* The names of all modules that have been imported. */
static PyObject *seen;

static int see(PyObject *module)
{
    PyObject *name = PyModule_GetNameObject(module);
    int known = name == NULL ? -1 : PySet_Contains(seen, name);
    if (known == 0) {
        known = PySet_Add(seen, name);
    } else if (known == 1) {
        hpcpy_collector_keep();
    }
    Py_XDECREF(name);
    return known < 0 ? -1 : 0;
}

/* exec_module(loader, module): in C, so that no frame of ours is in tracebacks.
   `self` is the function that it calls in between. */
static PyObject *exec_module(
    PyObject *self, PyObject *const *arguments, Py_ssize_t number, PyObject *names)
{
    Py_ssize_t all = number + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (!hpcpy_collector_serves(interpreter)) {
        return PyObject_Vectorcall(self, arguments, (size_t)number, names);
    }
    unsigned long opened = hpcpy_collector_open(interpreter);
    if (all != 2 || see(arguments[1]) < 0) {
        PyErr_Clear();
        hpcpy_collector_keep();
    } else if (opened != 0) {
        hpcpy_collector_renew(arguments[1]); /* it was made before */
    }
    PyObject *result = PyObject_Vectorcall(self, arguments, (size_t)number, names);
    hpcpy_collector_close(interpreter, opened, result != NULL);
    return result;
}

static PyMethodDef exec_module_method = {
    "exec_module", (PyCFunction)(void (*)(void))exec_module, METH_FASTCALL | METH_KEYWORDS,
    "Execute a module; the garbage collector is out of the way.",
};

static PyObject *around(PyObject *Py_UNUSED(module), PyObject *function)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (seen == NULL && interpreter == PyInterpreterState_Main()) {
        seen = PySet_New(NULL);
        if (seen == NULL) {
            return NULL;
        }
        hpcpy_collector_serve();
    }
    PyObject *wrapped = PyCFunction_New(&exec_module_method, function);
    /* A method of a class, which functions written in C are not. */
    PyObject *method = wrapped == NULL ? NULL : PyInstanceMethod_New(wrapped);
    Py_XDECREF(wrapped);
    return method;
}

static PyObject *forked(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (hpcpy_collector_serves(interpreter)) {
        hpcpy_collector_abandon(interpreter);
    }
    Py_RETURN_NONE;
}

static PyObject *count_parked(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    bool serves = hpcpy_collector_serves(PyInterpreterState_Get());
    return PyLong_FromSsize_t(serves ? hpcpy_collector_parked() : 0);
}

/* Each call is made only if the one before has succeeded; all references are released. */
static PyObject *start(PyObject *module, PyObject *Py_UNUSED(finder))
{
    const char *way = getenv("HPCPY_GC");
    int counts = 1;
    if (PyConfig_GetInt("use_environment", &counts) < 0) {
        return NULL;
    }
    if (counts && way != NULL && strcmp(way, "stock") == 0) {
        Py_RETURN_NONE;
    }
    PyObject *loader = PyImport_ImportModuleAttrString("_hpcpy_folders", "Loader");
    PyObject *own = loader == NULL ? NULL : PyObject_GetAttrString(loader, "exec_module");
    PyObject *method = own == NULL ? NULL : around(module, own);
    bool failed = method == NULL || PyObject_SetAttrString(loader, "exec_module", method) < 0;
    Py_XDECREF(loader);
    Py_XDECREF(own);
    Py_XDECREF(method);
    PyObject *at_fork = failed ? NULL : PyImport_ImportModuleAttrString("posix", "register_at_fork");
    PyObject *function = at_fork == NULL ? NULL : PyObject_GetAttrString(module, "forked");
    PyObject *names = function == NULL ? NULL : Py_BuildValue("(s)", "after_in_child");
    PyObject *done = names == NULL ? NULL : PyObject_Vectorcall(at_fork, &function, 0, names);
    Py_XDECREF(at_fork);
    Py_XDECREF(function);
    Py_XDECREF(names);
    return done;
}

static PyMethodDef methods[] = {
    {"start", start, METH_O, "start(finder)\n--\n\nHave bundled modules imported so."},
    {"around", around, METH_O, "around(function)\n--\n\nMake it a loader's exec_module()."},
    {"forked", forked, METH_NOARGS, "forked()\n--\n\nEnd what threads left that are not here."},
    {"parked", count_parked, METH_NOARGS, "parked()\n--\n\nHow many objects are parked."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_hpcpy_collector",
    .m_doc = "Imports without the cyclic garbage collector.",
    .m_methods = methods,
    .m_slots = slots,
};

PyObject *hpcpy_collector_module(void)
{
    return PyModuleDef_Init(&definition);
}
