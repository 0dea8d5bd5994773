/* A fork while another thread computes with BLAS.  OpenBLAS's own handler at a fork ends
   its threads, and an operation that has given them work would wait for ever, in the
   parent or in the child.  So a fork waits for the operations of all other threads, and
   new ones wait for the fork.  An operation has memory of OpenBLAS's, or runs in
   exec_blas(); one may contain others.  OpenBLAS's threads begin none: all that they call
   are parts of another thread's. */

#include "blas.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int operations, forks;
static _Thread_local int depth;

void hpcpy_blas_enter(void)
{
    if (depth++ == 0) {
        pthread_mutex_lock(&mutex);
        while (forks > 0) {
            pthread_cond_wait(&changed, &mutex);
        }
        operations++;
        pthread_mutex_unlock(&mutex);
    }
}

/* Memory of OpenBLAS's threads is also given back by a fork, outside of any operation. */
void hpcpy_blas_leave(void)
{
    if (depth > 0 && --depth == 0) {
        pthread_mutex_lock(&mutex);
        operations--;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
}

/* The mutex stays locked until the fork is over.  A handler of a signal may fork within
   an operation, for which it cannot wait. */
static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
    forks++;
    while (operations > (depth > 0)) {
        pthread_cond_wait(&changed, &mutex);
    }
}

static void in_parent(void)
{
    forks--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void in_child(void)
{
    changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    forks = 0;
    pthread_mutex_unlock(&mutex);
}

/* Handlers run from the last to the first: this one before OpenBLAS's. */
void hpcpy_blas_guard_forks(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}
