/* What src/interp/mpi/mpi_search.c needs of Python's header. */

#ifndef STUB_PYTHON_H
#define STUB_PYTHON_H

#include <stddef.h>

typedef struct _object PyObject;
extern PyObject *PyExc_ImportError;
PyObject *PyErr_Format(PyObject *exception, const char *format, ...);

#endif
