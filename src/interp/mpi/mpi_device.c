/* Whether an address is a GPU's memory, and the MPI library cannot read that.

   Such a library takes it for the host's: all ranks ended by a segmentation fault.  mpi4py
   asks before it hands on a buffer that comes by CUDA's array interface or by DLPack
   (mpi4py/device.patch). */

#define _GNU_SOURCE
#include "mpi_interfaces.h"

#include <dlfcn.h>

/* As in cuda.h and in MPICH's mpi_proto.h. */
enum { MEMORY_TYPE = 2, IS_MANAGED = 8, DEVICE = 2, GPU_SUPPORT_CUDA = 0 };

static bool library_cannot(void)
{
    int is_supported = 1;
    int (*query)(int, int *) = dlsym(hpcpy_mpi_library, "MPIX_GPU_query_support");
    return query != NULL && query(GPU_SUPPORT_CUDA, &is_supported) == 0 && !is_supported;
}

static bool is_of_gpu(const void *address)
{
    /* Without the driver in this process nothing can be a GPU's. */
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
    int (*ask)(void *, int, const void *) = NULL;
    unsigned type = 0, is_managed = 0;
    if (driver != NULL) {
        ask = dlsym(driver, "cuPointerGetAttribute");
        dlclose(driver);
    }
    /* The host reads managed memory, too. */
    return ask != NULL && ask(&type, MEMORY_TYPE, address) == 0 && type == DEVICE
           && !(ask(&is_managed, IS_MANAGED, address) == 0 && is_managed);
}

bool hpcpy_mpi_refuses(const void *address)
{
    return is_of_gpu(address) && library_cannot();
}
