/* python3: CPython with the extension modules of table.c built in, and the
   modules of the bundle in memory. */

#include <Python.h>

#include "bundle.h"
#include "paths.h"

/* Made by recipes/link/table.py. */
extern struct _inittab hpcpy_extensions[];

static PyStatus configure(PyConfig *config, int argc, char **argv)
{
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, argc, argv);
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig_InitPythonConfig(config);
    status = PyConfig_SetBytesArgv(config, argc, argv);
    if (PyStatus_Exception(status)) {
        return status;
    }
    /* -E and -I must be known before PYTHONPATH is looked at. */
    status = PyConfig_Read(config);
    if (PyStatus_Exception(status)) {
        return status;
    }
    return hpcpy_preset_paths(config, argc > 0 ? argv[0] : NULL);
}

int main(int argc, char **argv)
{
    PyConfig config = {0};
    if (PyImport_ExtendInittab(hpcpy_extensions) != 0) {
        Py_ExitStatusException(PyStatus_NoMemory());
    }
    PyStatus status = hpcpy_bundle_prepare(&config);
    if (!PyStatus_Exception(status)) {
        status = configure(&config, argc, argv);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    if (PyStatus_IsExit(status)) {
        return status.exitcode;
    }
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    return Py_RunMain();
}
