/* Open MPI's header for a module whose library is opened at run time.  Open MPI's
   handles are addresses of the library's variables, which no executable can name
   without a NEEDED entry: they are read from pointers that src/interp/mpi/mpi.c fills. */

#include_next <mpi.h>

#undef OMPI_PREDEFINED_GLOBAL
#define OMPI_PREDEFINED_GLOBAL(type, global)   \
    (__extension__({                           \
        extern void *hpcpy_mpi_handle_##global; \
        (type) hpcpy_mpi_handle_##global;      \
    }))
