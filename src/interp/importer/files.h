/* The library's files in the executable of `make standalone`: see _hpcpy_files.py. */

#pragma once

#include <Python.h>

PyObject *hpcpy_files_view(PyObject *module, PyObject *nothing);

/* Where the loader can open a file of the library: `path` itself, or in that executable a
   copy on this node.  NULL if there is none; then no Python exception is set.  free() it. */
char *hpcpy_placed(const char *path);
