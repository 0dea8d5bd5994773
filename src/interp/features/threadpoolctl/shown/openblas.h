/* The functions that the executable hands to the library that stands for its OpenBLAS. */

#ifndef HPCPY_SHOWN_OPENBLAS_H
#define HPCPY_SHOWN_OPENBLAS_H

typedef struct {
    int (*get_num_threads)(void);
    void (*set_num_threads)(int count);
    char *(*get_config)(void);
    char *(*get_corename)(void);
    int (*get_parallel)(void);
} HpcpyOpenblas;

#endif
