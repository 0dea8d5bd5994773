#ifndef HPCPY_PATHS_H
#define HPCPY_PATHS_H

#include <Python.h>

/* Preset every path of a configuration that PyConfig_Read() has read, so that
   CPython looks for none.  `name` is argv[0].  Where that tells too little, all
   are left to CPython's own search. */
PyStatus hpcpy_preset_paths(PyConfig *config, const char *name);

#endif
