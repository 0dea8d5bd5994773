/* MPI_Error_string with a larger buffer than MPICH says that it needs.

   MPICH joins the places of an error into one string.  If the string is full just
   behind a place's dots, MPICH takes the memory behind it for a part of it, gets a
   negative number of bytes that are left, and writes on without a limit (4.0,
   MPIR_Err_print_stack_string).  A rank whose peers had been killed died of
   "stack smashing detected" in mpi4py, and did not raise what had happened.
   With zeros behind the string, MPICH finds nothing there and stops. */

#include "mpi_interfaces.h"

#include <string.h>

/* MPI_MAX_ERROR_STRING of MPICH's ABI and of the standard's own; mpi4py's
   buffer has one more. */
enum { LIMIT = 512 };

static int (*library_error_string)(int code, char *string, int *length);

static int error_string(int code, char *string, int *length)
{
    char buffer[4 * LIMIT] = "";
    int result = library_error_string(code, buffer, length);
    if (result == 0) {
        buffer[LIMIT - 1] = '\0';
        *length = (int)strlen(buffer);
        memcpy(string, buffer, (size_t)*length + 1);
    }
    return result;
}

void *hpcpy_mpi_with_buffer(const HpcpyMpiInterface *interface, const char *name, void *target)
{
    /* Open MPI's string has 256 bytes, and Open MPI counts what is left correctly. */
    int is_ours = interface != &hpcpy_mpi_interfaces[HPCPY_OPENMPI];
    if (!is_ours || strcmp(name, "MPI_Error_string") != 0) {
        return target;
    }
    library_error_string = (int (*)(int, char *, int *))target;
    return (void *)error_string;
}
