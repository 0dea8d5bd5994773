/* The cyclic garbage collector and what imports make. */

#pragma once

#include <Python.h>

#include <stdbool.h>

/* Whether anything is done for an interpreter. */
bool hpcpy_collector_serves(PyInterpreterState *interpreter);

/* Hand all objects back to the collector, for whoever wants to see them. */
void hpcpy_collector_give_back(PyInterpreterState *interpreter);

/* Hand back what holds on to the code that was running: frames, and the exceptions and
   tracebacks that keep them.  False when there is none. */
bool hpcpy_collector_give_back_frames(PyInterpreterState *interpreter);

/* The same while somebody looks at them one by one, until it ends. */
void hpcpy_collector_show(PyInterpreterState *interpreter, bool begins);

/* An import begins and ends: the second is given what the first returned. */
unsigned long hpcpy_collector_open(PyInterpreterState *interpreter);
void hpcpy_collector_close(PyInterpreterState *interpreter, unsigned long opened, bool succeeded);

/* Park nothing of the import that is under way. */
void hpcpy_collector_keep(void);

/* Put a module among the youngest objects. */
void hpcpy_collector_renew(PyObject *module);

/* The import that is under way may never end: in a child by fork() it was another
   thread's. */
void hpcpy_collector_abandon(PyInterpreterState *interpreter);

/* How many objects are parked. */
Py_ssize_t hpcpy_collector_parked(void);

/* Begin to do something, and do nothing from now on. */
void hpcpy_collector_serve(void);
void hpcpy_collector_stop(void);
