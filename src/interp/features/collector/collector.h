/* The cyclic garbage collector and what imports make. */

#pragma once

#include <Python.h>

#include <stdbool.h>

/* Whether this feature is active for an interpreter. */
bool hpcpy_collector_serves(PyInterpreterState *interpreter);

/* Give all parked objects back to the collector. */
void hpcpy_collector_give_back(PyInterpreterState *interpreter);

/* Put an object among the youngest, wherever it is. */
void hpcpy_collector_renew(PyObject *object);

/* Make the feature inactive for good. */
void hpcpy_collector_stop(void);
