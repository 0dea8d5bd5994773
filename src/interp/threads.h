#pragma once

/* How many threads a library may start for which the user has set no number: see
   threads.c.  At least 1; reads /proc and the cgroups, so not at a start. */
int hpcpy_threads(void);

/* A PyObject: the module _hpcpy_threads, whose count() says the same to numba. */
struct _object *hpcpy_threads_initialise(void);
