/* The functions of the executable that the library calls which stands for its OpenBLAS. */

#pragma once

typedef struct {
    int (*get_num_threads)(void);
    void (*set_num_threads)(int count);
    char *(*get_config)(void);
    char *(*get_corename)(void);
    int (*get_parallel)(void);
} HpcpyOpenblas;

/* The one name of BLAS's that the executable exports. */
extern const HpcpyOpenblas hpcpy_openblas;
