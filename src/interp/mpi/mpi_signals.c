/* The program keeps its handlers of the signals that end a job.

   MPI libraries replace some, and a job then did not end when it got the signal:

   - libfabric takes SIGTERM and SIGINT when MPICH 4.0 is initialised.  Its handler
     only restores the previous one and returns: the first SIGTERM was lost.
   - UCX takes SIGHUP when it is loaded, to write a log from then on.
   - MPICH takes SIGUSR1: its mpiexec reports dead ranks to the others by it.

   So these handlers are restored.  Handlers for crashes stay the library's.

   MPI_Abort(256) ended a job with 0: the kernel keeps eight bits of an exit code. */

#define _GNU_SOURCE
#include "mpi_signals.h"

#include "mpi_said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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
static int (*their_abort)(void *, int);

/* With 16 files in all MPICH's MPI_Finalize waits for ever for a thread of libfabric's that can
   accept no connection; with 14, MPI_Init follows a null pointer. */
static int lacks_files(void)
{
    enum { NEEDED = 32, MPI_ERR_OTHER = 15 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= NEEDED) {
        return 0;
    }
    fprintf(stderr, "mpi4py: MPI needs %d open files, and %d are allowed; see ulimit -n\n", NEEDED,
            (int)limit.rlim_cur);
    return MPI_ERR_OTHER;
}

/* In MPICH's ABI handles are integers, which are passed as pointers are. */
#define INITIALISE(name, parameters, arguments)    \
    static int name parameters                     \
    {                                              \
        HpcpySignals signals;                      \
        hpcpy_mpi_said("before");                  \
        hpcpy_signals_keep(&signals);              \
        int result = lacks_files();                \
        if (result == 0) {                         \
            result = their_##name arguments;       \
        }                                          \
        hpcpy_signals_put_back(&signals);          \
        if (result == 0) {                         \
            hpcpy_mpi_said("after");               \
        }                                          \
        return result;                             \
    }

INITIALISE(init, (void *count, void *words), (count, words))
INITIALISE(init_thread, (void *count, void *words, int wanted, int *given),
           (count, words, wanted, given))
INITIALISE(session_init, (void *info, void *errors, void *session), (info, errors, session))

static int abort_with_failure(void *comm, int code)
{
    return their_abort(comm, code != 0 && (code & 0xff) == 0 ? 1 : code);
}

#define REPLACE(function, theirs, ours)          \
    if (strcmp(name, function) == 0) {           \
        theirs = (__typeof__(theirs))target;     \
        return (void *)ours;                     \
    }

void *hpcpy_mpi_with_signals(const char *name, void *target)
{
    REPLACE("MPI_Init", their_init, init)
    REPLACE("MPI_Init_thread", their_init_thread, init_thread)
    REPLACE("MPI_Session_init", their_session_init, session_init)
    REPLACE("MPI_Abort", their_abort, abort_with_failure)
    return target;
}
