/* At exit: what collector.c has parked stays so, unless that keeps something of the user's. */

#include "collector.h"

#include <string.h>

IN_FRONT_OF(void, _PyGC_CollectNoFail, PyThreadState *tstate);

/* The globals of some code that was executed.  Cython puts __builtins__ into the linked
   modules, too: mpi4py.MPI's are not a user's.  With -c __main__ has their loader. */
static bool is_namespace_of_user(PyObject *object)
{
    if (!PyDict_CheckExact(object) || PyDict_ContainsString(object, "__builtins__") == 0) {
        return false;
    }
    PyObject *loader = PyDict_GetItemString(object, "__loader__");
    PyObject *name = PyDict_GetItemString(object, "__name__");
    bool is_linked = loader != NULL && PyType_Check(loader)
                     && strcmp(((PyTypeObject *)loader)->tp_name, "BuiltinImporter") == 0;
    return !is_linked || (name != NULL && PyUnicode_Check(name)
                          && PyUnicode_EqualToUTF8(name, "__main__"));
}

static bool user_has_something(struct _gc_runtime_state *collector)
{
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        PyGC_Head *list = &collector->generations[i].head;
        for (PyGC_Head *head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
            PyObject *object = _Py_FROM_GC(head);
            if (Py_TYPE(object)->tp_finalize != NULL || Py_TYPE(object)->tp_del != NULL
                || is_namespace_of_user(object)) {
                return true;
            }
        }
    }
    return false;
}

/* At exit all stays parked, which saves a sixth of core's time, unless that may keep
   something of the user's alive: a namespace, one of whose functions was put into a
   bundled module, or an object with a finaliser, such as a file. */
void __wrap__PyGC_CollectNoFail(PyThreadState *tstate)
{
    __real__PyGC_CollectNoFail(tstate);
    if (hpcpy_collector_serves(tstate->interp)) {
        if (user_has_something(&tstate->interp->gc)) {
            hpcpy_collector_give_back(tstate->interp);
            __real__PyGC_CollectNoFail(tstate);
        }
        hpcpy_collector_is_active = false;
    }
}
