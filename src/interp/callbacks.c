/* ctypes' callbacks in a process that the loader was started for.  libffi makes them
   of a piece of its own file, which is mapped once more: /proc/self/exe
   (libffi-own-file.patch).  That is the loader's here, and the piece another one: a
   bus error at the first call.  Without that file libffi takes memory of its own. */

#include "places.h"

int __real_ffi_tramp_is_supported(void);
int __wrap_ffi_tramp_is_supported(void);

int __wrap_ffi_tramp_is_supported(void)
{
    return !hpcpy_started_by_loader() && __real_ffi_tramp_is_supported();
}
