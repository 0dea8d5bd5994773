/* The signals that end a job, as they are before a library may take them. */

#ifndef HPCPY_MPI_SIGNALS_H
#define HPCPY_MPI_SIGNALS_H

#include <signal.h>

enum { HPCPY_SIGNALS = 5 };

typedef struct {
    int count; /* how many of them are kept */
    struct sigaction before[HPCPY_SIGNALS];
} HpcpySignals;

void hpcpy_signals_keep(HpcpySignals *signals);
void hpcpy_signals_put_back(const HpcpySignals *signals);

/* What is called for a function of the library's: `target`, or for those that
   initialise MPI what stands in front of it. */
void *hpcpy_mpi_with_signals(const char *name, void *target);

#endif
