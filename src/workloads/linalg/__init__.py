"""Linear algebra: eigenvalues, products, arrays on a GPU, and the threads of BLAS."""
