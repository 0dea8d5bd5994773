/* Makes waiting ranks give their core away: preloaded if there are more ranks than cores.

   MPICH as published waits in a loop without a system call until the kernel's tick takes
   the core from it: a barrier of three ranks on two cores takes 13 ms, and mpi4py's tests
   half an hour.  In each round of the loop, libfabric's ranks ask for the time, and those
   of UCX, as the wheel's, call UCX.  The image's own MPICH has recipes/patches/mpi/yield.patch, too. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>

enum { CALLS_BETWEEN = 8 };

static void count_a_call(void)
{
    static _Thread_local unsigned calls;
    if (++calls % CALLS_BETWEEN == 0) {
        sched_yield();
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    count_a_call();
    return real(clock, now);
}

unsigned ucp_worker_progress(void *worker)
{
    static unsigned (*real)(void *);
    if (real == NULL) {
        /* RTLD_NEXT does not find it: libucp was opened for an extension module alone. */
        void *library = dlopen("libucp.so.0", RTLD_LAZY | RTLD_NOLOAD);
        real = (unsigned (*)(void *))dlsym(library, "ucp_worker_progress");
    }
    count_a_call();
    return real(worker);
}
