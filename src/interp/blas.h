/* The OpenBLAS that is linked in, for who shows it to others. */

#ifndef HPCPY_BLAS_H
#define HPCPY_BLAS_H

/* Limits its threads to what threads.c says, the first time. */
void hpcpy_blas_limit(void);

/* Called when numpy has prepared it, where there is such a function. */
void hpcpy_blas_ready(void) __attribute__((weak));

#endif
