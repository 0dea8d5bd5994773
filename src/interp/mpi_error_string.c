/* MPI_Error_string with more room than MPICH says that it needs.

   MPICH joins an error's places to one string.  Where that is full just behind a
   place's dots, it takes what lies behind the string for a part of it, counts the
   bytes that are left as fewer than none, and writes on without a limit (4.0,
   MPIR_Err_print_stack_string).  A rank whose peers had been killed died of
   "stack smashing detected" in mpi4py in place of raising what had happened.
   With zeros behind the string it finds nothing there, and stops. */

#include "mpi_interfaces.h"

#include <string.h>

/* MPI_MAX_ERROR_STRING of MPICH's ABI and of the standard's own; mpi4py's
   buffer has one more. */
enum { LIMIT = 512 };

static int (*theirs)(int code, char *string, int *length);

static int error_string(int code, char *string, int *length)
{
    char room[4 * LIMIT] = "";
    int result = theirs(code, room, length);
    if (result == 0) {
        room[LIMIT - 1] = '\0';
        *length = (int)strlen(room);
        memcpy(string, room, (size_t)*length + 1);
    }
    return result;
}

void *hpcpy_mpi_with_room(const HpcpyMpiInterface *interface, const char *name, void *target)
{
    /* Open MPI's is a string of 256, and counts what is left of it. */
    int is_ours = interface != &hpcpy_mpi_interfaces[HPCPY_OPENMPI];
    if (!is_ours || strcmp(name, "MPI_Error_string") != 0) {
        return target;
    }
    theirs = (int (*)(int, char *, int *))target;
    return (void *)error_string;
}
