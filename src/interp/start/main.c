/* python3: CPython with the extension modules of table.c built in, and the
   modules of the bundle in memory. */

#include <Python.h>

#include "bundle.h"
#include "hooks.h"
#include "paths.h"
#include "cpus.h"

/* Made by recipes/link/table.py. */
extern struct _inittab hpcpy_extensions[];

static PyStatus fill(PyConfig *config, int argc, char **argv)
{
    PyConfig_InitPythonConfig(config);
    return PyConfig_SetBytesArgv(config, argc, argv);
}

/* `known` is what the command line and the environment say: -E and -I must be known
   before PYTHONPATH is looked at.  Python starts with `config`, which is not read
   here: a second reading would lose -X warn_default_encoding. */
static PyStatus configure(PyConfig *known, PyConfig *config, int argc, char **argv)
{
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, argc, argv);
    if (!PyStatus_Exception(status)) {
        status = fill(known, argc, argv);
    }
    if (!PyStatus_Exception(status)) {
        status = PyConfig_Read(known);
    }
    if (!PyStatus_Exception(status)) {
        status = fill(config, argc, argv);
    }
    if (PyStatus_Exception(status)) {
        return status;
    }
    config->use_environment = known->use_environment;
    return hpcpy_preset_paths(config, argv);
}

int main(int argc, char **argv)
{
    PyConfig known = {0}, config = {0};
    if (PyImport_ExtendInittab(hpcpy_extensions) != 0 || hpcpy_features_prepare() != 0
        || PyImport_AppendInittab("_hpcpy_threads", hpcpy_threads_initialise) != 0
        || hpcpy_bundle_prepare() != 0) {
        Py_ExitStatusException(PyStatus_NoMemory());
    }
    PyStatus status = configure(&known, &config, argc, argv);
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    if (!PyStatus_Exception(status)) {
        hpcpy_features_started(&known);
    }
    PyConfig_Clear(&known);
    PyConfig_Clear(&config);
    if (PyStatus_IsExit(status)) {
        return status.exitcode;
    }
    if (PyStatus_Exception(status)) {
        Py_ExitStatusException(status);
    }
    return Py_RunMain();
}
