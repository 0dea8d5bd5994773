/* OpenBLAS prepares itself when it is loaded, here at every start of Python: it
   asks how many processors there are and starts a thread for each.  The recipe
   takes it off the list of what runs before main(); its first user calls it. */

#include <Python.h>

void gotoblas_init(void);
PyObject *__real_PyInit_numpy___core___multiarray_umath(void);
PyObject *__wrap_PyInit_numpy___core___multiarray_umath(void);
int __wrap_blas_thread_init(void);

/* Imported before any other module that calls BLAS. */
PyObject *__wrap_PyInit_numpy___core___multiarray_umath(void)
{
    gotoblas_init();
    return __real_PyInit_numpy___core___multiarray_umath();
}

/* The first operation that is worth threads starts them, by a call from within
   the same object, which is not wrapped. */
int __wrap_blas_thread_init(void)
{
    return 0;
}
