/* The OpenBLAS that is linked in, for the feature that shows it to others. */

#ifndef HPCPY_BLAS_H
#define HPCPY_BLAS_H

/* Initialises it, at the first call. */
void hpcpy_blas_begin(void);

/* Limits its threads to what threads.c says, at the first call. */
void hpcpy_blas_limit(void);

/* Called when numpy's module has initialised OpenBLAS, if a feature has this function. */
void hpcpy_blas_ready(void) __attribute__((weak));

#endif
