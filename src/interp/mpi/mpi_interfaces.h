/* The ABIs of MPI that this interpreter has a module for. */

#pragma once

#include <Python.h>

#include <stdbool.h>

/* The entries of the tables in mpi_stubs.S; the last one of a table has no name. */
typedef struct {
    const char *name;
    void *target;
} HpcpyMpiFunction;

typedef struct {
    const char *name;
    void *place;
    size_t size;
} HpcpyMpiData;

typedef struct {
    const char *name;
    void *address;
} HpcpyMpiHandle;

typedef struct {
    const char *name; /* in HPCPY_MPI */
    HpcpyMpiFunction *functions;
    const HpcpyMpiData *data;
    HpcpyMpiHandle *handles;
    PyObject *(*initialise)(void);
} HpcpyMpiInterface;

enum { HPCPY_MPICH, HPCPY_OPENMPI, HPCPY_ABI, HPCPY_INTERFACES };

extern const HpcpyMpiInterface hpcpy_mpi_interfaces[HPCPY_INTERFACES];

/* The one that the process has opened, or NULL. */
extern void *hpcpy_mpi_library;

/* Opens the library that HPCPY_MPI (`wanted`) names, or that the process finds, and
   writes its ABI to `interface`.  With NULL, `problem` has the reason. */
void *hpcpy_mpi_open(const char *wanted, int *interface, char *problem, size_t size);

/* Opens the libfabric that our own MPI needs: this file, or the one in LD_LIBRARY_PATH. */
void hpcpy_mpi_open_fabric(const char *file);

/* Whether a launcher that speaks PMIx has started this process. */
bool hpcpy_mpi_started_by_pmix(void);

/* The function to call in place of the library's `target`: `target` itself, or a
   wrapper of it (mpi_error_string.c). */
void *hpcpy_mpi_with_buffer(const HpcpyMpiInterface *interface, const char *name, void *target);

/* Raises the ImportError for the reason in `problem`. */
void hpcpy_mpi_set_error(const char *wanted, const char *problem);
