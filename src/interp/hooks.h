/* What the features of an image hook into.  Nothing else of the plain tier knows of them.

   A feature NAME may have, each where it needs it:

   - functions called __wrap_FUNCTION: they stand before a function of somebody else;
   - PyObject *hpcpy_NAME_module(void), which initialises a built-in module _hpcpy_NAME;
   - void hpcpy_NAME_started(const PyConfig *known), called once Python has started
     and before it runs anything; `known` is what the command line and the
     environment say.

   What it hooks into of the importer stands in its hooks.toml: features/README.md. */

#ifndef HPCPY_HOOKS_H
#define HPCPY_HOOKS_H

#include <Python.h>

/* Before Python starts.  Returns 0, or -1 without memory. */
int hpcpy_features_prepare(void);

void hpcpy_features_started(const PyConfig *known);

#endif
