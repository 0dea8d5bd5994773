/* The OpenBLAS that is linked in, for blas_shown.c. */

#ifndef HPCPY_BLAS_H
#define HPCPY_BLAS_H

/* How many threads it takes, and may take: as its own functions, but that no
   thread is started, and that what threads.c says comes first. */
int hpcpy_blas_threads(void);
void hpcpy_blas_set_threads(int count);

/* Called when numpy has prepared it. */
void hpcpy_blas_ready(void);

/* Called when somebody will look for it among the open libraries. */
void hpcpy_blas_show(const char *path);

#endif
