/* OpenBLAS initialises itself when it is loaded, here at every start of Python: it
   asks how many processors there are and starts a thread for each.  The recipe
   takes its function off the list of what runs before main(); numpy's module calls it. */

#define _GNU_SOURCE
#include <Python.h>

#include "blas.h"
#include "module.h"
#include "cpus.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

void gotoblas_init(void);
_Noreturn void hpcpy_blas_exit(int status);
int hpcpy_blas_raise(int number);
void *hpcpy_blas_malloc(size_t size);
PyObject *__real_PyInit_numpy___core___multiarray_umath(void);
PyObject *__wrap_PyInit_numpy___core___multiarray_umath(void);

/* OpenBLAS's own: how many threads it has, among how many it shares work, whether they run. */
extern int blas_num_threads, blas_cpu_number, blas_server_avail;
int openblas_num_threads_env(void);
int openblas_goto_num_threads_env(void);
int openblas_omp_num_threads_env(void);
int __real_blas_thread_init(void);
int __wrap_blas_thread_init(void);
void *__real_blas_memory_alloc(int place);
void *__wrap_blas_memory_alloc(int place);
void __real_blas_memory_free(void *memory);
void __wrap_blas_memory_free(void *memory);
int __real_exec_blas(long parts, void *queue);
int __wrap_exec_blas(long parts, void *queue);

/* OpenBLAS calls exit() with a lock held that its own handler at exit takes: the
   process would never end.  The recipe gives its objects these three instead. */
void hpcpy_blas_exit(int status)
{
    fflush(stdout);
    _exit(status);
}

/* If a thread cannot be started, OpenBLAS raises SIGINT, which Python only notes, and
   then waits for that thread for ever.  When raise() fails, it exits instead. */
int hpcpy_blas_raise(int Py_UNUSED(number))
{
    return -1;
}

/* Without memory it asks for its buffers again and again, 0.3.29 for ever. */
void *hpcpy_blas_malloc(size_t size)
{
    void *found = malloc(size);
    if (found == NULL) {
        fprintf(stderr,
                "OpenBLAS has no memory for %zu bytes: raise the limit (ulimit -v), "
                "or set OPENBLAS_NUM_THREADS=1\n",
                size);
        hpcpy_blas_exit(1);
    }
    return found;
}

static void begin(void)
{
    gotoblas_init();
    hpcpy_blas_guard_forks();
}

void hpcpy_blas_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
}

/* numpy imports this module before any other that calls BLAS. */
PyObject *__wrap_PyInit_numpy___core___multiarray_umath(void)
{
    hpcpy_blas_begin();
    return __real_PyInit_numpy___core___multiarray_umath();
}

/* The first operation that is worth threads starts them, by a call from within
   the same object, which is not wrapped. */
int __wrap_blas_thread_init(void)
{
    return 0;
}

static bool is_set_by_user(void)
{
    return openblas_num_threads_env() > 0 || openblas_goto_num_threads_env() > 0
           || openblas_omp_num_threads_env() > 0;
}

static atomic_bool is_limited;

/* `parts`: into how many the calling operation has already been cut. */
static void limit_to(int most, long parts)
{
    /* Parts may wait for each other, so each needs its thread. */
    if (parts > 1 && blas_server_avail == 0) {
        __real_blas_thread_init();
    }
    /* No fewer than one beside the caller: another thread's operation may be cut
       in parts by now. */
    if (blas_server_avail == 0) {
        blas_num_threads = most > 2 ? most : 2;
    }
    blas_cpu_number = most;
}

/* Limit the threads to what cpus.c says, once, and not at import, as it opens files. */
static void limit(long parts)
{
    /* Starting threads asks for memory, and so comes here again. */
    static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    static bool has_begun;
    pthread_mutex_lock(&mutex);
    if (!has_begun) {
        has_begun = true;
        int most = is_set_by_user() ? blas_cpu_number : hpcpy_threads();
        if (most < blas_cpu_number) {
            limit_to(most, parts);
        }
        atomic_store(&is_limited, true);
    }
    pthread_mutex_unlock(&mutex);
}

void hpcpy_blas_limit(void)
{
    if (!atomic_load_explicit(&is_limited, memory_order_acquire)) {
        limit(1);
    }
}

/* What OpenBLAS's own threads keep between operations. */
enum { OF_A_THREAD = 2 };

/* Matrix products and all of LAPACK ask for memory before they choose a number of
   threads. */
void *__wrap_blas_memory_alloc(int place)
{
    hpcpy_blas_limit();
    if (place != OF_A_THREAD) {
        hpcpy_blas_enter();
    }
    return __real_blas_memory_alloc(place);
}

void __wrap_blas_memory_free(void *memory)
{
    __real_blas_memory_free(memory);
    hpcpy_blas_leave();
}

/* An operation that needs no memory, such as a long dot product, comes here first. */
int __wrap_exec_blas(long parts, void *queue)
{
    if (!atomic_load_explicit(&is_limited, memory_order_acquire)) {
        limit(parts);
    }
    hpcpy_blas_enter();
    int result = __real_exec_blas(parts, queue);
    hpcpy_blas_leave();
    return result;
}

static PyObject *count(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(arguments))
{
    return PyLong_FromLong(hpcpy_threads());
}

static PyMethodDef methods[] = {
    {"count", count, METH_NOARGS, PyDoc_STR("Return how many threads a library may start here.")},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_threads_initialise, "_hpcpy_threads", methods)
