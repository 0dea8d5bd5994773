/* The module _hpcpy_store. */

#ifndef HPCPY_STORE_MODULE_H
#define HPCPY_STORE_MODULE_H

#include <Python.h>

/* For PyImport_AppendInittab. */
PyObject *hpcpy_store_initialise(void);

#endif
