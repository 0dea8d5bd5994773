/* The OpenBLAS that is linked in, for the feature that shows it to others. */

#pragma once

/* Initialises it, at the first call. */
void hpcpy_blas_begin(void);

/* Limits its threads to what cpus.c says, at the first call. */
void hpcpy_blas_limit(void);

/* Around each operation, and once OpenBLAS is initialised: see fork.c. */
void hpcpy_blas_enter(void);
void hpcpy_blas_leave(void);
void hpcpy_blas_guard_forks(void);
