/* A thread's stack has the size that was asked for, besides its thread-local variables.

   The C library places the executable's thread-local variables at the end of each
   thread's stack.  Here they include numpy's, OpenBLAS's and numba's: 115 KB; those of
   libraries that are opened later lie elsewhere.  Without this, a thread with a smaller
   stack could not be started, as by threading.stack_size(65536) or OMP_STACKSIZE=100K,
   which work with wheels.  The caller's attributes keep the size that it has set. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>

typedef int Create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

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

/* Memory of the caller's own has the size that it has. */
static int is_callers(const pthread_attr_t *attributes)
{
    void *lowest;
    size_t size;
    pthread_attr_getstack(attributes, &lowest, &size);
    return (uintptr_t)lowest + size != 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    Create *create = (Create *)dlsym(RTLD_NEXT, "pthread_create");
    if (attributes == NULL || is_callers(attributes)) {
        return create(thread, attributes, start, argument);
    }
    /* What the attributes point to is read, and stays the caller's. */
    pthread_attr_t larger = *attributes;
    size_t size;
    pthread_attr_getstacksize(&larger, &size);
    dl_iterate_phdr(add_variables, &size);
    pthread_attr_setstacksize(&larger, size);
    return create(thread, &larger, start, argument);
}
