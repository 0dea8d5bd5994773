/* The program keeps its handlers of the signals that end a job.

   MPI libraries replace some, and a job then did not end when it got the signal:

   - libfabric takes SIGTERM and SIGINT when MPICH 4.0 is initialised.  Its handler
     only restores the previous one and returns: the first SIGTERM was lost.
   - UCX takes SIGHUP when it is loaded, to write a log from then on.
   - MPICH takes SIGUSR1: its mpiexec reports dead ranks to the others by it.

   So these handlers are restored.  Handlers for crashes stay the library's. */

#define _GNU_SOURCE
#include "mpi_descriptors.h"
#include "mpi_signals.h"

#include <stdlib.h>
#include <string.h>

/* The last one, SIGUSR1, is not always put back. */
static const int job_signals[HPCPY_SIGNALS] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};

/* Hydra, MPICH's and Intel's mpiexec, sets this variable for its ranks.  With
   -disable-auto-cleanup it sends them SIGUSR1 when one has died, which would end a rank
   without a handler.  Asked before MPI's start: Intel's library then sets it itself. */
static int keeps_sigusr1(void)
{
    return getenv("MPI_LOCALNRANKS") != NULL;
}

void hpcpy_signals_keep(HpcpySignals *signals)
{
    signals->count = keeps_sigusr1() ? HPCPY_SIGNALS - 1 : HPCPY_SIGNALS;
    for (int i = 0; i < signals->count; i++) {
        sigaction(job_signals[i], NULL, &signals->before[i]);
    }
}

void hpcpy_signals_put_back(const HpcpySignals *signals)
{
    for (int i = 0; i < signals->count; i++) {
        sigaction(job_signals[i], &signals->before[i], NULL);
    }
}

static int (*their_init)(void *, void *);
static int (*their_init_thread)(void *, void *, int, int *);
static int (*their_session_init)(void *, void *, void *);

/* In MPICH's ABI a session's handles are integers, which are passed as pointers are. */
#define INITIALISE(name, parameters, arguments)    \
    static int name parameters                     \
    {                                              \
        HpcpySignals signals;                      \
        hpcpy_signals_keep(&signals);              \
        int result = hpcpy_mpi_lacks_descriptors();       \
        if (result == 0) {                         \
            result = their_##name arguments;       \
        }                                          \
        hpcpy_signals_put_back(&signals);          \
        return result;                             \
    }

INITIALISE(init, (void *count, void *words), (count, words))
INITIALISE(init_thread, (void *count, void *words, int wanted, int *given),
           (count, words, wanted, given))
INITIALISE(session_init, (void *info, void *errors, void *session), (info, errors, session))

void *hpcpy_mpi_with_signals(const char *name, void *target)
{
    if (strcmp(name, "MPI_Init") == 0) {
        their_init = (int (*)(void *, void *))target;
        return (void *)init;
    }
    if (strcmp(name, "MPI_Init_thread") == 0) {
        their_init_thread = (int (*)(void *, void *, int, int *))target;
        return (void *)init_thread;
    }
    if (strcmp(name, "MPI_Session_init") == 0) {
        their_session_init = (int (*)(void *, void *, void *))target;
        return (void *)session_init;
    }
    return target;
}
