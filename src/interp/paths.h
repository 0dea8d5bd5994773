#ifndef HPCPY_PATHS_H
#define HPCPY_PATHS_H

#include <Python.h>

/* Preset every path of a configuration that PyConfig_Read() has read, so that
   CPython looks for none.  Where PYTHONHOME or the like is set, only the executable's
   is: CPython searches for the rest. */
PyStatus hpcpy_preset_paths(PyConfig *config, char *const *argv);

#endif
