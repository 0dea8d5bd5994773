/* OpenBLAS starts a thread a core when it is loaded, here at every start of
   Python.  The linker gives its constructor this function in place of its own
   (--wrap); the first operation that is worth threads starts them, by a call
   from within the same object, which is not wrapped. */

int __wrap_blas_thread_init(void);

int __wrap_blas_thread_init(void)
{
    return 0;
}
