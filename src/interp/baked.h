/* Methods of _hpcpy_bundle for what `python -m hpcpy_bake` has added. */

#ifndef HPCPY_BAKED_H
#define HPCPY_BAKED_H

#include <Python.h>

/* create(function, spec, path, pack, name): call function(spec), which creates the
   extension module at path; all of it is in the pack, under that name. */
PyObject *hpcpy_create(PyObject *module, PyObject *arguments);

/* load(path): open a shared library, for whoever needs it by its name. */
PyObject *hpcpy_load(PyObject *module, PyObject *path);

#endif
