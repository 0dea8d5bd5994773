/* Where the garbage collector is asked about all objects, those that collector.c
   has parked are handed back first.  The recipe links these in front of CPython's
   own (--wrap): gc.collect(), gc.freeze(), gc.get_objects(), gc.get_referrers()
   and the collections at exit.

   Two are exported, for extension modules and ctypes, which --wrap does not
   change: the recipe gives CPython's own another name. */

#define Py_BUILD_CORE 1
#include "collector.h"

#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"

#define IN_FRONT_OF(result, name, ...)       \
    result __real_##name(__VA_ARGS__);       \
    result __wrap_##name(__VA_ARGS__)

IN_FRONT_OF(Py_ssize_t, _PyGC_Collect, PyThreadState *tstate, int generation, _PyGC_Reason reason);
IN_FRONT_OF(void, _PyGC_CollectNoFail, PyThreadState *tstate);
IN_FRONT_OF(PyObject *, _PyGC_GetObjects, PyInterpreterState *interpreter, int generation);
IN_FRONT_OF(PyObject *, _PyGC_GetReferrers, PyInterpreterState *interpreter, PyObject *objects);
IN_FRONT_OF(void, _PyGC_Freeze, PyInterpreterState *interpreter);
Py_ssize_t hpcpy_real_PyGC_Collect(void);
void hpcpy_real_PyUnstable_GC_VisitObjects(gcvisitobjects_t callback, void *argument);

Py_ssize_t __wrap__PyGC_Collect(PyThreadState *tstate, int generation, _PyGC_Reason reason)
{
    if (generation == NUM_GENERATIONS - 1) {
        hpcpy_collector_give_back(tstate->interp);
    }
    return __real__PyGC_Collect(tstate, generation, reason);
}

Py_ssize_t PyGC_Collect(void)
{
    hpcpy_collector_give_back(PyInterpreterState_Get());
    return hpcpy_real_PyGC_Collect();
}

void PyUnstable_GC_VisitObjects(gcvisitobjects_t callback, void *argument)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    hpcpy_collector_show(interpreter, true);
    hpcpy_real_PyUnstable_GC_VisitObjects(callback, argument);
    hpcpy_collector_show(interpreter, false);
}

PyObject *__wrap__PyGC_GetObjects(PyInterpreterState *interpreter, int generation)
{
    hpcpy_collector_give_back(interpreter);
    return __real__PyGC_GetObjects(interpreter, generation);
}

PyObject *__wrap__PyGC_GetReferrers(PyInterpreterState *interpreter, PyObject *objects)
{
    hpcpy_collector_give_back(interpreter);
    return __real__PyGC_GetReferrers(interpreter, objects);
}

void __wrap__PyGC_Freeze(PyInterpreterState *interpreter)
{
    hpcpy_collector_give_back(interpreter);
    __real__PyGC_Freeze(interpreter);
}

static bool is_of_user(PyObject *object)
{
    if (Py_TYPE(object)->tp_finalize != NULL || Py_TYPE(object)->tp_del != NULL) {
        return true;
    }
    /* The globals of some code that was executed. */
    return PyDict_CheckExact(object) && PyDict_ContainsString(object, "__builtins__") != 0;
}

static bool user_has_something(struct _gc_runtime_state *collector)
{
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        PyGC_Head *list = &collector->generations[i].head;
        for (PyGC_Head *one = _PyGCHead_NEXT(list); one != list; one = _PyGCHead_NEXT(one)) {
            if (is_of_user(_Py_FROM_GC(one))) {
                return true;
            }
        }
    }
    return false;
}

/* At exit all stays parked, which is a sixth of the core stack's time, unless that
   has kept something of the user's from being found: a namespace, of which a
   function was put into a bundled module, or what has a finaliser, as files do. */
void __wrap__PyGC_CollectNoFail(PyThreadState *tstate)
{
    __real__PyGC_CollectNoFail(tstate);
    if (hpcpy_collector_serves(tstate->interp)) {
        if (user_has_something(&tstate->interp->gc)) {
            hpcpy_collector_give_back(tstate->interp);
            __real__PyGC_CollectNoFail(tstate);
        }
        hpcpy_collector_stop();
    }
}
