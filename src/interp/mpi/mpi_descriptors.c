/* MPI without file descriptors.

   If a process may have 16 in all, MPICH's MPI_Finalize waits for ever for a thread of
   libfabric's that can accept no connection; with 14, MPI_Init follows a null pointer;
   with 17, both work.  A library that needs more has to report that itself. */

#include "mpi_descriptors.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NEEDED = 24, MPI_ERR_OTHER = 15 };

int hpcpy_mpi_lacks_descriptors(void)
{
    int opened[NEEDED];
    int count = 0;
    while (count < NEEDED && (opened[count] = eventfd(0, EFD_CLOEXEC)) >= 0) {
        count++;
    }
    for (int i = 0; i < count; i++) {
        close(opened[i]);
    }
    if (count == NEEDED) {
        return 0;
    }
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    fprintf(stderr,
            "mpi4py: MPI needs %d more open files, and %d are left of %llu; see ulimit -n\n",
            NEEDED, count, (unsigned long long)limit.rlim_cur);
    return MPI_ERR_OTHER;
}
