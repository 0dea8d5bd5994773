#pragma once

#include <Python.h>

/* Preset every path of a configuration that is not read yet and whose use_environment
   is set, so that CPython searches for none.  With PYTHONHOME or the like set, only the
   executable's path is preset: CPython searches for the rest. */
PyStatus hpcpy_preset_paths(PyConfig *config, char *const *argv);
