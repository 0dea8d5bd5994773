/* The bundle's values: see values.c. */

#ifndef HPCPY_VALUES_H
#define HPCPY_VALUES_H

#include <Python.h>

/* marshal.loads, of a zstd frame too. */
PyObject *hpcpy_loads(PyObject *module, PyObject *value);

#endif
