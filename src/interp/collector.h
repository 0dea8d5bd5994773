/* The cyclic garbage collector and what imports make. */

#pragma once

#include <Python.h>

#include <stdbool.h>

/* The module _hpcpy_collector. */
PyObject *hpcpy_collector_initialise(void);

/* To be called once Python has started. */
void hpcpy_collector_started(void);

/* Whether anything is done for an interpreter. */
bool hpcpy_collector_serves(PyInterpreterState *interpreter);

/* Hand all objects back to the collector, for whoever wants to see them. */
void hpcpy_collector_give_back(PyInterpreterState *interpreter);

/* Do nothing from now on. */
void hpcpy_collector_stop(void);
