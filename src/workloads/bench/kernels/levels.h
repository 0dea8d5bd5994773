/* The levels of x86-64 that a kernel is compiled for, and the slots of its module.
 *
 * For a module that has only its kernel: it keeps no state, and subinterpreters
 * with a GIL of their own may import it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

/* The best first.  The kernel's own tables are indexed by these. */
enum levels {
    V4,
    V3,
    V2,
    LEVELS
};
static const char *const LEVEL_NAMES[LEVELS] = {
    [V4] = "x86-64-v4",
    [V3] = "x86-64-v3",
    [V2] = "x86-64-v2",
};

static int runs_here(enum levels level)
{
    /* The builtin takes only a literal. */
    switch (level) {
    case V4: return __builtin_cpu_supports("x86-64-v4") != 0;
    case V3: return __builtin_cpu_supports("x86-64-v3") != 0;
    case V2: return __builtin_cpu_supports("x86-64-v2") != 0;
    case LEVELS: break;
    }
    return 0;
}

/* Return the level of that name, or the best for NULL; -1 with an exception set. */
static int find_level(const char *name)
{
    for (int k = 0; k < LEVELS; k++)
        if (runs_here(k) && (name == NULL || strcmp(name, LEVEL_NAMES[k]) == 0))
            return k;
    PyErr_Format(PyExc_ValueError, "this processor is not %s", name ? name : "x86-64-v2");
    return -1;
}

/* Give the module its list `levels`: those that this processor has. */
static int prepare(PyObject *module)
{
    __builtin_cpu_init();
    if (find_level(NULL) < 0) {
        PyErr_SetString(PyExc_ImportError, "the kernels need an x86-64-v2 processor");
        return -1;
    }
    PyObject *const names = PyList_New(0);
    int failed = names == NULL;
    for (int k = find_level(NULL); k < LEVELS && !failed; k++) {
        PyObject *const name = PyUnicode_FromString(LEVEL_NAMES[k]);
        failed = name == NULL || PyList_Append(names, name) < 0;
        Py_XDECREF(name);
    }
    failed = failed || PyModule_AddObjectRef(module, "levels", names) < 0;
    Py_XDECREF(names);
    return -failed;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, prepare},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
