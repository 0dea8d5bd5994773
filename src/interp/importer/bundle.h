/* The modules in memory: recipes/interpreter.sh links them in. */

#pragma once

#include <Python.h>

/* Makes `encodings`, the first module that Python imports, the one that puts
   _hpcpy_importer in place, and gives both the bundle.  Call it once, before
   Py_InitializeFromConfig. */
PyStatus hpcpy_bundle_prepare(PyConfig *config);

/* marshal.loads, which also takes a zstd frame. */
PyObject *hpcpy_loads(PyObject *module, PyObject *value);
