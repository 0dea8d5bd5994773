/* zipimport is imported only when there may be a zip file.  CPython imports it, and
   with it time, at each start to have it in sys.path_hooks: 4 % of a bare start, and
   a look at /etc/localtime.  Here the hook in its place imports it at the first path
   that is no folder. */

#include <Python.h>

#include <stdbool.h>
#include <sys/stat.h>

PyStatus __real__PyImport_InitExternal(PyThreadState *tstate);
PyStatus __wrap__PyImport_InitExternal(PyThreadState *tstate);

static bool is_folder(PyObject *path)
{
    PyObject *name = NULL;
    struct stat status;
    bool found = false;
    if (PyUnicode_Check(path) && PyUnicode_FSConverter(path, &name)) {
        const char *text = PyBytes_AS_STRING(name);
        /* An empty path is the working directory. */
        found = text[0] == '\0' || (stat(text, &status) == 0 && S_ISDIR(status.st_mode));
    }
    Py_XDECREF(name);
    PyErr_Clear();
    return found;
}

static PyObject *look(PyObject *Py_UNUSED(self), PyObject *path)
{
    if (is_folder(path)) {
        return PyErr_Format(PyExc_ImportError, "not a Zip file: %R", path);
    }
    PyObject *importer = PyImport_ImportModuleAttrString("zipimport", "zipimporter");
    PyObject *found = importer == NULL ? NULL : PyObject_CallOneArg(importer, path);
    Py_XDECREF(importer);
    return found;
}

static PyMethodDef method = {
    "zipimporter", look, METH_O, "zipimporter(path)\n--\n\nImport zipimport and ask that.",
};

/* CPython takes the module that it finds under this name in sys.modules. */
PyStatus __wrap__PyImport_InitExternal(PyThreadState *tstate)
{
    PyObject *modules = PySys_GetObject("modules"); /* borrowed */
    PyObject *module = PyModule_New("zipimport");
    PyObject *hook = module == NULL ? NULL : PyCFunction_New(&method, NULL);
    bool ready = modules != NULL && hook != NULL
        && PyObject_SetAttrString(module, "zipimporter", hook) == 0
        && PyDict_SetItemString(modules, "zipimport", module) == 0;
    PyErr_Clear();
    PyStatus status = __real__PyImport_InitExternal(tstate);
    if (ready && PyDict_DelItemString(modules, "zipimport") < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(hook);
    Py_XDECREF(module);
    return status;
}
