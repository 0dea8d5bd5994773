/* The modules in memory: recipes/interpreter.sh links them in. */

#pragma once

#include <Python.h>

/* Makes `encodings`, the first module that Python imports, the one that puts
   _hpcpy_importer in place, and gives both the bundle.  Call it once, before
   Py_InitializeFromConfig.  Returns 0, or -1 without memory. */
int hpcpy_bundle_prepare(void);

/* marshal.loads, which also takes a zstd frame. */
PyObject *hpcpy_loads(PyObject *module, PyObject *value);

/* Where the loader can open a file of the library: `path` itself, or, where the executable
   has these files (_hpcpy_files.py), a copy on this node.  NULL if there is none; then no
   Python exception is set.  free() it. */
char *hpcpy_placed(const char *path);
