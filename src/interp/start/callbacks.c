/* ctypes' callbacks in a process that was started by naming the loader.  libffi makes
   them from a piece of its own file, /proc/self/exe, which it maps once more
   (recipes/patches/libffi/own-file.patch).  Here that file is the loader, and the piece another one: a
   bus error at the first call.  Without the file, libffi takes memory of its own. */

#include "location.h"

int __real_ffi_tramp_is_supported(void);
int __wrap_ffi_tramp_is_supported(void);

int __wrap_ffi_tramp_is_supported(void)
{
    return !hpcpy_started_by_loader() && __real_ffi_tramp_is_supported();
}
