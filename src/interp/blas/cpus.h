#pragma once

/* How many threads a library may start if the user has set no number: see cpus.c.
   At least 1.  It reads /proc and the cgroups, so it is not called at a start. */
int hpcpy_threads(void);

/* A PyObject: the module _hpcpy_threads, whose count() returns the same for numba. */
struct _object *hpcpy_threads_initialise(void);
