/* A thread's stack has the size that was asked for, besides its thread-local variables.

   The C library places the executable's thread-local variables at the end of each
   thread's stack.  Here they include numpy's, OpenBLAS's and numba's: 115 KB; those of
   libraries that are opened later lie elsewhere.  Without this, a thread with a smaller
   stack could not be started, as by threading.stack_size(65536) or OMP_STACKSIZE=100K,
   which work with wheels.  The caller's attributes keep the size that it has set.

   AddressSanitizer has a function in this place, too, and ends a process that detaches a
   thread which that function has not started. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>

#ifndef __SANITIZE_ADDRESS__

static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static size_t variables;

static void prepare(void)
{
    const ElfW(Phdr) *part = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    for (unsigned long parts = getauxval(AT_PHNUM); parts > 0; parts--, part++) {
        variables += part->p_type == PT_TLS ? part->p_memsz : 0;
    }
    create = (__typeof__(create))dlsym(RTLD_NEXT, "pthread_create");
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, prepare);
    void *lowest = NULL;
    size_t size = 0;
    if (attributes != NULL) {
        pthread_attr_getstack(attributes, &lowest, &size);
    }
    /* Without a size of its own, or with the caller's memory, which has the size that it has. */
    if (attributes == NULL || (uintptr_t)lowest + size != 0) {
        return create(thread, attributes, start, argument);
    }
    /* What the attributes point to is read, and stays the caller's. */
    pthread_attr_t larger = *attributes;
    pthread_attr_getstacksize(&larger, &size);
    pthread_attr_setstacksize(&larger, size + variables);
    return create(thread, &larger, start, argument);
}
#endif
