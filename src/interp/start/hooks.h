/* The hooks for the features of an image.  Nothing else of the plain tier knows of them.

   A feature NAME may have:

   - functions called __wrap_FUNCTION, which are called in place of others' FUNCTION,
     with a line in wraps.toml;
   - PyObject *hpcpy_NAME_module(void), which initialises a built-in module _hpcpy_NAME;
   - void hpcpy_NAME_started(const PyConfig *known), called once Python has started
     and before it runs anything; `known` is what the command line and the
     environment say.

   Its hooks into the importer are in its hooks.toml: features/README.md. */

#pragma once

#include <Python.h>

/* Call it before Python starts.  Returns 0, or -1 without memory. */
int hpcpy_features_prepare(void);

void hpcpy_features_started(const PyConfig *known);
