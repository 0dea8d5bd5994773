/* The cyclic garbage collector and what imports make. */

#pragma once

#include <Python.h>

#include <stdbool.h>

/* Whether this feature is active for an interpreter. */
bool hpcpy_collector_serves(PyInterpreterState *interpreter);

/* Give all parked objects back to the collector, before somebody looks at all objects. */
void hpcpy_collector_give_back(PyInterpreterState *interpreter);

/* Give back what keeps running code's objects alive: frames, and the exceptions and
   tracebacks that hold them.  False when there is none. */
bool hpcpy_collector_give_back_frames(PyInterpreterState *interpreter);

/* Give all back when somebody begins to look at objects one by one, and again at the end;
   in between, no window opens. */
void hpcpy_collector_show(PyInterpreterState *interpreter, bool begins);

/* An import begins and ends: `opened` is what the first function returned. */
unsigned long hpcpy_collector_open(PyInterpreterState *interpreter);
void hpcpy_collector_close(PyInterpreterState *interpreter, unsigned long opened, bool succeeded);

/* Park nothing of the import that is under way. */
void hpcpy_collector_keep(void);

/* Put a module and its namespace among the youngest objects. */
void hpcpy_collector_renew(PyObject *module);

/* The import that is under way may never end: in a child by fork() it was another
   thread's. */
void hpcpy_collector_abandon(PyInterpreterState *interpreter);

/* How many objects are parked. */
Py_ssize_t hpcpy_collector_parked(void);

/* Make the feature active, and inactive for good. */
void hpcpy_collector_serve(void);
void hpcpy_collector_stop(void);
