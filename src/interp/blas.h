/* The OpenBLAS that is linked in, for who shows it to others. */

#ifndef HPCPY_BLAS_H
#define HPCPY_BLAS_H

/* How many threads it takes, and may take: as its own functions, but that no
   thread is started, and that what threads.c says comes first. */
int hpcpy_blas_threads(void);
void hpcpy_blas_set_threads(int count);

/* Called when numpy has prepared it, where there is such a function. */
void hpcpy_blas_ready(void) __attribute__((weak));

#endif
