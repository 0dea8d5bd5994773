/* Whether MPI can open what it needs. */

#ifndef HPCPY_MPI_ROOM_H
#define HPCPY_MPI_ROOM_H

/* Return 0, or, having said so on stderr, MPI's code for a failure. */
int hpcpy_mpi_lacks_room(void);

#endif
