/* When the garbage collector is asked about all objects, those that collector.c
   has parked are given back first.  These stand in front of CPython's own: gc.collect(),
   gc.get_objects(), gc.get_referrers(), gc.freeze(), and the collections at exit. */

#define Py_BUILD_CORE 1
#include "collector.h"

#include <string.h>

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

Py_ssize_t __wrap__PyGC_Collect(PyThreadState *tstate, int generation, _PyGC_Reason reason)
{
    if (generation == NUM_GENERATIONS - 1) {
        hpcpy_collector_give_back(tstate->interp);
    }
    return __real__PyGC_Collect(tstate, generation, reason);
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
    if (hpcpy_collector_serves(interpreter)) {
        hpcpy_collector_stop();
    }
    __real__PyGC_Freeze(interpreter);
}

/* Nobody notices the end of such a value.  A function holds its globals; what else it
   holds may be noticed. */
static bool is_harmless(PyObject *value)
{
    if (PyFunction_Check(value)) {
        PyFunctionObject *function = (PyFunctionObject *)value;
        return function->func_closure == NULL && function->func_defaults == NULL &&
               function->func_kwdefaults == NULL && function->func_dict == NULL;
    }
    return value == Py_None || PyModule_CheckExact(value) || PyBool_Check(value) ||
           PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
           PyUnicode_CheckExact(value) || PyBytes_CheckExact(value);
}

/* Cython puts __builtins__ into its modules, too: mpi4py.MPI's namespace is not a user's. */
static bool is_linked_module(PyObject *namespace)
{
    PyObject *loader = PyDict_GetItemString(namespace, "__loader__");
    PyObject *name = PyDict_GetItemString(namespace, "__name__");
    /* With -c it is __main__'s loader. */
    return loader != NULL && PyType_Check(loader) &&
           strcmp(((PyTypeObject *)loader)->tp_name, "BuiltinImporter") == 0 && name != NULL &&
           PyUnicode_Check(name) && !PyUnicode_EqualToUTF8(name, "__main__");
}

/* The globals of some code that was executed, with more in them than imports. */
static bool is_namespace_of_user(PyObject *object)
{
    if (!PyDict_CheckExact(object) || PyDict_ContainsString(object, "__builtins__") == 0 ||
        is_linked_module(object)) {
        return false;
    }
    Py_ssize_t place = 0;
    PyObject *name, *value;
    while (PyDict_Next(object, &place, &name, &value)) {
        bool is_machinery = PyUnicode_CheckExact(name) &&
                            (PyUnicode_EqualToUTF8(name, "__loader__") ||
                             PyUnicode_EqualToUTF8(name, "__spec__"));
        if (!is_machinery && !is_harmless(value)) {
            return true;
        }
    }
    return false;
}

static bool is_of_user(PyObject *object)
{
    return Py_TYPE(object)->tp_finalize != NULL || Py_TYPE(object)->tp_del != NULL ||
           is_namespace_of_user(object);
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

/* Give back what keeps running code's objects alive: frames, and the exceptions and
   tracebacks that hold them.  False when there is none. */
static bool give_back_frames(struct _gc_runtime_state *collector)
{
    PyGC_Head *list = &collector->permanent_generation.head, *next;
    bool any = false;
    for (PyGC_Head *one = _PyGCHead_NEXT(list); one != list; one = next) {
        next = _PyGCHead_NEXT(one);
        PyObject *object = _Py_FROM_GC(one);
        if (PyFrame_Check(object) || PyTraceBack_Check(object)
            || PyExceptionInstance_Check(object)) {
            hpcpy_collector_renew(object);
            any = true;
        }
    }
    return any;
}

/* At exit all stays parked, which saves a sixth of core's time, unless that keeps
   something of the user's alive: a namespace, one of whose functions was put into a
   bundled module, or an object with a finaliser, such as a file.

   Garbage of an import may keep it alive, too: an exception that a module caught leads
   by its traceback to all frames that called it, __main__'s among them.  So frames and
   the like are looked at first, a few hundred in place of a hundred thousand. */
void __wrap__PyGC_CollectNoFail(PyThreadState *tstate)
{
    __real__PyGC_CollectNoFail(tstate);
    if (!hpcpy_collector_serves(tstate->interp)) {
        return;
    }
    struct _gc_runtime_state *collector = &tstate->interp->gc;
    if (user_has_something(collector) && give_back_frames(collector)) {
        __real__PyGC_CollectNoFail(tstate);
    }
    if (user_has_something(collector)) {
        hpcpy_collector_give_back(tstate->interp);
        __real__PyGC_CollectNoFail(tstate);
    }
    hpcpy_collector_stop();
}
