/* Prints how this CPython lays its objects out, a fact on each line.  The code image
   is made by these numbers, which layout.py reads. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>

#include "internal/pycore_function.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_unicodeobject.h"

#define FACT(name, value) printf("%s %lld\n", name, (long long)(value))
#define FIELD(type, field) FACT(#type "." #field, offsetof(type, field))

/* The bits of a string's state have no offset: one is set, and looked for. */
static void string_state(void)
{
    union {
        PyASCIIObject string;
        unsigned char bytes[sizeof(PyASCIIObject)];
    } seen = {0};
    seen.string.state.interned = SSTATE_INTERNED_IMMORTAL_STATIC;
    size_t at = 0;
    while (at < sizeof(seen) && seen.bytes[at] == 0) {
        at++;
    }
    FACT("state", at);
    FACT("state.interned", seen.bytes[at]);
    seen.string.state.interned = 0;
    seen.string.state.ascii = 1;
    FACT("state.ascii", seen.bytes[at]);
    seen.string.state.ascii = 0;
    seen.string.state.statically_allocated = 1;
    FACT("state.statically_allocated", seen.bytes[at]);
}

int main(void)
{
    FACT("version", PY_VERSION_HEX);
    FACT("pointer", sizeof(void *));
    FACT("immortal", _Py_STATIC_IMMORTAL_INITIAL_REFCNT);
    FACT("first version", FUNC_VERSION_FIRST_VALID);
    FACT("runtime", sizeof(_PyRuntimeState));
    FACT("gc head", sizeof(PyGC_Head));
    FIELD(PyObject, ob_type);
    FIELD(PyVarObject, ob_size);
    string_state();
    FACT("PyASCIIObject", sizeof(PyASCIIObject));
    FACT("PyCompactUnicodeObject", sizeof(PyCompactUnicodeObject));
    FIELD(PyASCIIObject, hash);
    FIELD(PyCompactUnicodeObject, utf8_length);
    FIELD(PyCompactUnicodeObject, utf8);
    FIELD(PyBytesObject, ob_shash);
    FIELD(PyTupleObject, ob_hash);
    FIELD(PyTupleObject, ob_item);
    FIELD(PySliceObject, start);
    FIELD(PySliceObject, stop);
    FIELD(PySliceObject, step);
    FIELD(PyCodeObject, co_consts);
    FIELD(PyCodeObject, co_names);
    FIELD(PyCodeObject, co_exceptiontable);
    FIELD(PyCodeObject, co_localsplusnames);
    FIELD(PyCodeObject, co_localspluskinds);
    FIELD(PyCodeObject, co_filename);
    FIELD(PyCodeObject, co_name);
    FIELD(PyCodeObject, co_qualname);
    FIELD(PyCodeObject, co_linetable);
    FIELD(PyCodeObject, co_flags);
    FIELD(PyCodeObject, co_version);
    FIELD(PyCodeObject, co_weakreflist);
    FIELD(PyCodeObject, co_executors);
    FIELD(PyCodeObject, _co_cached);
    FIELD(PyCodeObject, _co_instrumentation_version);
    FIELD(PyCodeObject, _co_monitoring);
    FIELD(PyCodeObject, _co_unique_id);
    FIELD(PyCodeObject, _co_firsttraceable);
    FIELD(PyCodeObject, co_extra);
    FIELD(PyCodeObject, co_code_adaptive);
    return 0;
}
