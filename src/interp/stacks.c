/* A thread's stack is as large as was asked for, whatever lies in it besides.

   The C library has a thread's variables at the end of its stack: those of the
   executable, which here has numpy's, OpenBLAS's and numba's, 115 KB.  Libraries
   that are opened later have theirs elsewhere.  Without this a thread with a
   stack of less could not be started: threading.stack_size(65536) or
   OMP_STACKSIZE=100K, of which 100 KB are enough with wheels. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

/* The first object is the executable. */
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
