/* A fork while another thread computes with BLAS.  OpenBLAS's own handler at a fork ends
   its threads, and an operation that has given them work would wait for ever, in the
   parent or in the child.  So a fork waits for the operations of all other threads, and
   new ones wait for the fork.  An operation has memory of OpenBLAS's, or runs in
   exec_blas(); one may contain others.  OpenBLAS's threads begin none: all that they call
   are parts of another thread's.

   Proposal, for OpenBLAS (github, OpenMathLib/OpenBLAS):

     Let fork() wait for running operations

     blas_thread_shutdown_() runs at a fork (pthread_atfork) and ends the threads of the
     server.  If another thread of the program is in exec_blas() then, its parts are lost:
     it waits for ever in the parent, or the server's lock stays taken in the child.  A
     lock for reading around exec_blas() and each blas_memory_alloc() .. _free(), which the
     handler takes for writing, lets the fork wait for operations and new ones for the fork. */

#define _GNU_SOURCE
#include "blas.h"

#include <pthread.h>

/* Read by operations, written by forks, which come first. */
#define UNLOCKED PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP

static pthread_rwlock_t lock = UNLOCKED;
static _Thread_local int depth;

void hpcpy_blas_enter(void)
{
    if (depth++ == 0) {
        pthread_rwlock_rdlock(&lock);
    }
}

/* Memory of OpenBLAS's threads is also given back by a fork, outside of any operation. */
void hpcpy_blas_leave(void)
{
    if (depth > 0 && --depth == 0) {
        pthread_rwlock_unlock(&lock);
    }
}

/* A handler of a signal may fork within an operation, for which it cannot wait. */
static void before_fork(void)
{
    if (depth == 0) {
        pthread_rwlock_wrlock(&lock);
    }
}

static void in_parent(void)
{
    if (depth == 0) {
        pthread_rwlock_unlock(&lock);
    }
}

static void in_child(void)
{
    lock = (pthread_rwlock_t)UNLOCKED;
    if (depth > 0) {
        pthread_rwlock_rdlock(&lock);
    }
}

/* Handlers run from the last to the first: this one before OpenBLAS's. */
void hpcpy_blas_guard_forks(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}
