/* libopenblas-hpcpy.so: what threadpoolctl asks an OpenBLAS for (threadpoolctl.c).

   It has no soname of OpenBLAS's, and none of its other functions: a library that
   needs libopenblas.so.0 still gets its own. */

#include "openblas.h"

int openblas_get_num_threads(void)
{
    return hpcpy_openblas.get_num_threads();
}

void openblas_set_num_threads(int count)
{
    hpcpy_openblas.set_num_threads(count);
}

char *openblas_get_config(void)
{
    return hpcpy_openblas.get_config();
}

char *openblas_get_corename(void)
{
    return hpcpy_openblas.get_corename();
}

int openblas_get_parallel(void)
{
    return hpcpy_openblas.get_parallel();
}
