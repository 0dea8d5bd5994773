/* At exit: what collector.c has parked stays so, unless that keeps something of the user's. */

#include "collector.h"

IN_FRONT_OF(void, _PyGC_CollectNoFail, PyThreadState *tstate);

/* What comes after this clears the namespaces of all modules that are alive. */
static bool is_of_a_module(struct _gc_runtime_state *collector, PyObject *namespace)
{
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        PyGC_Head *list = &collector->generations[i].head;
        for (PyGC_Head *head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
            PyObject *object = _Py_FROM_GC(head);
            if (PyModule_Check(object) && PyModule_GetDict(object) == namespace) {
                return true;
            }
        }
    }
    return false;
}

/* The globals of some code that was executed. */
static bool is_namespace(PyObject *object)
{
    return PyDict_CheckExact(object) && PyDict_ContainsString(object, "__builtins__") != 0;
}

static bool user_has_something(struct _gc_runtime_state *collector)
{
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        PyGC_Head *list = &collector->generations[i].head;
        for (PyGC_Head *head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
            PyObject *object = _Py_FROM_GC(head);
            if (Py_TYPE(object)->tp_finalize != NULL || Py_TYPE(object)->tp_del != NULL
                || (is_namespace(object) && !is_of_a_module(collector, object))) {
                return true;
            }
        }
    }
    return false;
}

/* At exit all stays parked, which saves a sixth of core's time, unless that may keep
   something of the user's alive: the namespace of a module that is gone, one of whose
   functions was put into a bundled module, or an object with a finaliser, such as a file. */
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
