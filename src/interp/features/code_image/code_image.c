/* Code of modules, as the objects that an import would make, in the executable's
   data: docs/explanation/interpreter.md. */

#define Py_BUILD_CORE 1
#include <Python.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

#include "internal/pycore_function.h"
#include "internal/pycore_hashtable.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_pystate.h"
#include "internal/pycore_runtime.h"

/* As codeimage/image.py writes them. */
struct module {
    union {
        uint64_t key;
        const char *frozen;
    };
    PyObject *code;
    uint64_t first_set, sets;
};
struct set {
    PyObject **place, *elements;
};
struct head {
    uint64_t modules, frozen;
    const struct module *module;
    const struct set *set;
    const uint32_t *name;
    const unsigned char *filter;
    uint64_t name_mask, versions;
};
/* The draft in which training.py runs has none. */
extern char hpcpy_code_image[] __attribute__((weak));
#define HEAD ((const struct head *)hpcpy_code_image)
enum { PLACE_BITS = 24 };

static int in_use;
static _Py_hashtable_get_entry_func find_own;

/* As name_hash in codeimage/names.py. */
static uint32_t name_hash(const char *data, size_t size)
{
    uint64_t first = 0, last = 0;
    size_t part = size < 8 ? size : 8;
    memcpy(&first, data, part);
    memcpy(&last, data + size - part, part);
    uint64_t mixed = first * 0x9E3779B97F4A7C15u ^ last * 0xC2B2AE3D27D4EB4Fu
                     ^ size * 0x165667B19E3779F9u;
    mixed ^= mixed >> 29;
    return (uint32_t)(mixed * 0xBF58476D1CE4E5B9u >> 32);
}

static PyObject *find_name(PyObject *wanted)
{
    size_t size = (size_t)PyUnicode_GET_LENGTH(wanted) * PyUnicode_KIND(wanted);
    const char *data = PyUnicode_DATA(wanted);
    uint32_t hash = name_hash(data, size);
    /* Without this filter, strings that are not in the table would be compared with others
       all over the image: a bare start would touch 6 more blocks of 128 KB. */
    uint64_t bit = hash & (2 * HEAD->name_mask + 1);
    if (!(HEAD->filter[bit / 8] >> bit % 8 & 1)) {
        return NULL;
    }
    for (uint64_t at = hash;; at++) {
        uint32_t name = HEAD->name[at & HEAD->name_mask];
        if (name == 0) {
            return NULL;
        }
        if ((name ^ hash) >> PLACE_BITS != 0) {
            continue;
        }
        PyObject *found =
            (PyObject *)(hpcpy_code_image + (size_t)8 * (name & ((1u << PLACE_BITS) - 1)));
        if (PyUnicode_KIND(found) == PyUnicode_KIND(wanted)
            && PyUnicode_GET_LENGTH(found) == PyUnicode_GET_LENGTH(wanted)
            && memcmp(PyUnicode_DATA(found), data, size) == 0) {
            return found;
        }
    }
}

/* Called before the look-up in Python's table of static strings, so that a name in the
   image is the only object of that name from the start on. */
static _Py_hashtable_entry_t *find_entry(_Py_hashtable_t *table, const void *key)
{
    /* Interpreters with a GIL of their own may call this at the same time. */
    static _Thread_local _Py_hashtable_entry_t entry;
    PyObject *found = find_name((PyObject *)key);
    if (found == NULL) {
        return find_own(table, key);
    }
    entry.key = entry.value = found;
    return &entry;
}

static int is_wanted(const PyConfig *config)
{
    const char *way = config->use_environment ? getenv("HPCPY_CODE") : NULL;
    /* The image's code has assertions, and the positions that -X no_debug_ranges is to
       save. */
    return hpcpy_code_image != NULL && config->code_debug_ranges && config->optimization_level == 0
           && (way == NULL || strcmp(way, "marshal") != 0);
}

PyStatus __real__PyUnicode_InitGlobalObjects(PyInterpreterState *interp);

/* At this moment the table of strings exists, and has nothing but CPython's own in it. */
PyStatus __wrap__PyUnicode_InitGlobalObjects(PyInterpreterState *interp)
{
    PyStatus status = __real__PyUnicode_InitGlobalObjects(interp);
    if (PyStatus_Exception(status) || !_Py_IsMainInterpreter(interp)
        || !is_wanted(_PyInterpreterState_GetConfig(interp))
        || interp->func_state.next_version != FUNC_VERSION_FIRST_VALID) {
        return status;
    }
    _Py_hashtable_t *strings = _PyRuntime.cached_objects.interned_strings;
    find_own = strings->get_entry_func;
    strings->get_entry_func = find_entry;
    /* The image's code objects have the first versions. */
    interp->func_state.next_version += (uint32_t)HEAD->versions;
    in_use = 1;
    return status;
}

static int compare(const void *key, const void *module)
{
    uint64_t wanted = *(const uint64_t *)key, found = ((const struct module *)module)->key;
    return (wanted > found) - (wanted < found);
}

/* The order of a set depends on this process's hash seed. */
static int make_sets(const struct module *module)
{
    const struct set *set = HEAD->set + module->first_set;
    for (const struct set *end = set + module->sets; set < end; set++) {
        if (*set->place == NULL && (*set->place = PyFrozenSet_New(set->elements)) == NULL) {
            return -1;
        }
    }
    return 0;
}

static PyObject *code_of(const struct module *module)
{
    return make_sets(module) < 0 ? NULL : Py_NewRef(module->code);
}

/* A code object that has run belongs to one interpreter. */
static int may_use(void)
{
    return in_use && _Py_IsMainInterpreter(_PyInterpreterState_GET());
}

/* Finds a module by the offset of its marshalled form in the bundle. */
static PyObject *find(PyObject *Py_UNUSED(module), PyObject *offset)
{
    uint64_t key = PyLong_AsUnsignedLongLong(offset);
    const struct module *found = NULL;
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (may_use()) {
        found = bsearch(&key, HEAD->module, HEAD->modules, sizeof *found, compare);
    }
    return found == NULL ? Py_NewRef(Py_None) : code_of(found);
}

static PyObject *start(PyObject *module, PyObject *finder)
{
    PyObject *bundle = PyObject_GetAttrString(finder, "bundle");
    PyObject *function = PyObject_GetAttrString(module, "code");
    bool failed = bundle == NULL || function == NULL
        || PyObject_SetAttrString(bundle, "laid_out", function) < 0;
    Py_XDECREF(bundle);
    Py_XDECREF(function);
    return failed ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef methods[] = {
    {"code", find, METH_O,
     "code(offset)\n--\n\nThe module whose marshalled code is there, or None: it has to be loaded."},
    {"start", start, METH_O, "start(finder)\n--\n\nHave its bundle ask here first."},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_code_image_module, "_hpcpy_code_image", methods)

PyObject *__real_PyMarshal_ReadObjectFromString(const char *data, Py_ssize_t size);

/* CPython loads frozen modules by this: its import system and our part of it. */
PyObject *__wrap_PyMarshal_ReadObjectFromString(const char *data, Py_ssize_t size)
{
    if (may_use()) {
        const struct module *module = HEAD->module + HEAD->modules;
        for (const struct module *end = module + HEAD->frozen; module < end; module++) {
            if (module->frozen == data) {
                return code_of(module);
            }
        }
    }
    return __real_PyMarshal_ReadObjectFromString(data, size);
}
