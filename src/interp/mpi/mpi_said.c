/* HPCPY_VERBOSE=1 says by which libraries and ways MPI reaches the other ranks: Python's module
   _hpcpy_mpi_said looks before and after MPI's start. */

#include "mpi_said.h"

#include <Python.h>

#include <stdlib.h>
#include <string.h>

void hpcpy_mpi_said(const char *when)
{
    const char *verbose = getenv("HPCPY_VERBOSE");
    if (verbose == NULL || strcmp(verbose, "1") != 0) {
        return;
    }
    /* HDF5 may start MPI without Python's lock. */
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *module = PyImport_ImportModule("_hpcpy_mpi_said");
    PyObject *done = module == NULL ? NULL : PyObject_CallMethod(module, when, NULL);
    if (done == NULL) {
        PyErr_WriteUnraisable(module);
    }
    Py_XDECREF(done);
    Py_XDECREF(module);
    PyGILState_Release(state);
}
