/* A thread's stack has the size that was asked for, besides its thread-local variables.

   The C library places the executable's thread-local variables at the end of each
   thread's stack.  Here they include numpy's, OpenBLAS's and numba's: 115 KB; those of
   libraries that are opened later lie elsewhere.  Without this, a thread with a smaller
   stack could not be started, as by threading.stack_size(65536) or OMP_STACKSIZE=100K,
   which work with wheels. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

/* Called for the first object alone, the executable: 1 ends the iteration. */
static int add_variables(struct dl_phdr_info *object, size_t size, void *sum)
{
    (void)size;
    for (int k = 0; k < object->dlpi_phnum; k++) {
        if (object->dlpi_phdr[k].p_type == PT_TLS) {
            *(size_t *)sum += object->dlpi_phdr[k].p_memsz;
        }
    }
    return 1;
}

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size)
{
    int (*theirs)(pthread_attr_t *, size_t) = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
    if (size >= (size_t)sysconf(_SC_THREAD_STACK_MIN)) {
        dl_iterate_phdr(add_variables, &size);
    }
    return theirs(attributes, size);
}
