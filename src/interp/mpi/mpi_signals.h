/* Handlers of the signals that end a job, as they were before a library took them. */

#pragma once

#include <signal.h>

enum { HPCPY_SIGNALS = 5 };

typedef struct {
    int count; /* how many of them are kept */
    struct sigaction before[HPCPY_SIGNALS];
} HpcpySignals;

void hpcpy_signals_keep(HpcpySignals *signals);
void hpcpy_signals_put_back(const HpcpySignals *signals);

/* The function to call in place of the library's `target`: `target` itself, or a
   wrapper for those that initialise MPI or end the job. */
void *hpcpy_mpi_with_signals(const char *name, void *target);
