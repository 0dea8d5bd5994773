/* Whether MPI can open what it needs. */

#pragma once

/* Returns 0, or prints a line on stderr and returns MPI's code for a failure. */
int hpcpy_mpi_lacks_descriptors(void);
