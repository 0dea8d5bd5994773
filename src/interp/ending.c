/* The end of the process.  After the last object of a program is gone CPython
   takes its own types and names apart, so that it could be started anew: a
   twentieth of a bare start's work, and all of it memory that the kernel takes
   back at once.  For the main interpreter; others end while the process goes on. */

#define Py_BUILD_CORE 1
#include <Python.h>

#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"

#define LEAVE_TO_THE_KERNEL(function)                      \
    void __real_##function(PyInterpreterState *);          \
    void __wrap_##function(PyInterpreterState *);          \
    void __wrap_##function(PyInterpreterState *interpreter) \
    {                                                      \
        if (!_Py_IsMainInterpreter(interpreter)) {         \
            __real_##function(interpreter);                \
        }                                                  \
    }

/* In the order in which finalize_interp_types() of CPython calls them: nothing
   of a program runs any more, and what follows asks none of it. */
LEAVE_TO_THE_KERNEL(_PyTypes_FiniExtTypes)
LEAVE_TO_THE_KERNEL(_PyExc_Fini)
LEAVE_TO_THE_KERNEL(_PyTypes_FiniTypes)
LEAVE_TO_THE_KERNEL(_PyTypes_Fini)
LEAVE_TO_THE_KERNEL(_PyUnicode_ClearInterned)
