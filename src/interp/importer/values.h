/* The bundle's values: see values.c. */

#ifndef HPCPY_VALUES_H
#define HPCPY_VALUES_H

#include <Python.h>

/* marshal.loads, which also takes a zstd frame. */
PyObject *hpcpy_loads(PyObject *module, PyObject *value);

#endif
