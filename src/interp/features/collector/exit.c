/* At exit: what collector.c has parked stays so, unless that keeps something of the user's. */

#include "collector.h"

#include <stdlib.h>

IN_FRONT_OF(void, _PyGC_CollectNoFail, PyThreadState *tstate);

/* The namespaces of the modules that are alive, sorted: CPython clears them after this. */
typedef struct {
    PyObject **namespaces;
    size_t number;
} Alive;

typedef bool Look(PyObject *object, Alive *alive);

/* Whether one of the objects that are not parked is what is looked for. */
static bool any(struct _gc_runtime_state *collector, Look *look, Alive *alive)
{
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        PyGC_Head *list = &collector->generations[i].head;
        for (PyGC_Head *head = _PyGCHead_NEXT(list); head != list; head = _PyGCHead_NEXT(head)) {
            if (look(_Py_FROM_GC(head), alive)) {
                return true;
            }
        }
    }
    return false;
}

static bool count(PyObject *object, Alive *alive)
{
    alive->number += PyModule_Check(object);
    return false;
}

static bool note(PyObject *object, Alive *alive)
{
    if (PyModule_Check(object)) {
        alive->namespaces[alive->number++] = PyModule_GetDict(object);
    }
    return false;
}

static int compare(const void *one, const void *other)
{
    uintptr_t left = *(const uintptr_t *)one, right = *(const uintptr_t *)other;
    return (left > right) - (left < right);
}

/* An object with a finaliser, or the globals of code whose module is gone. */
static bool is_of_user(PyObject *object, Alive *alive)
{
    if (Py_TYPE(object)->tp_finalize != NULL || Py_TYPE(object)->tp_del != NULL) {
        return true;
    }
    return PyDict_CheckExact(object) && PyDict_ContainsString(object, "__builtins__") != 0
           && bsearch(&object, alive->namespaces, alive->number, sizeof object, compare) == NULL;
}

static bool user_has_something(struct _gc_runtime_state *collector)
{
    Alive alive = {NULL, 0};
    any(collector, count, &alive);
    alive.namespaces = malloc((alive.number + 1) * sizeof *alive.namespaces);
    if (alive.namespaces == NULL) {
        return true;
    }
    alive.number = 0;
    any(collector, note, &alive);
    qsort(alive.namespaces, alive.number, sizeof *alive.namespaces, compare);
    bool found = any(collector, is_of_user, &alive);
    free(alive.namespaces);
    return found;
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
