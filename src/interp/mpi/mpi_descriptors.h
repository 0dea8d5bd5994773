/* Whether MPI can open what it needs. */

#ifndef HPCPY_MPI_DESCRIPTORS_H
#define HPCPY_MPI_DESCRIPTORS_H

/* Returns 0, or prints a line on stderr and returns MPI's code for a failure. */
int hpcpy_mpi_lacks_descriptors(void);

#endif
