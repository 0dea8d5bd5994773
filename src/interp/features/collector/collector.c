/* The cyclic garbage collector stays out of imports.  Executing the bodies of
   modules makes many objects and next to no garbage: for core 98,000 objects, 220 of
   them garbage.  So it does not run while a bundled module is imported, and what the
   import made is then parked: in the permanent generation, as by gc.freeze().

   - A window is the time of an import.  It belongs to the import that opened it, and
     closes when that ends, whatever other threads and greenlets import meanwhile.
   - Only the objects of modules that are imported for the first time, while Python has
     one thread, are parked: reloading one again and again leaks nothing.
   - Before somebody looks at all objects, they are given back.  A program that freezes
     objects itself takes them along, and nothing more is parked.
   - gc.isenabled() and the thresholds are never touched.

   This is for the main interpreter, under its lock; others are as in any CPython. */

#define Py_BUILD_CORE 1
#include "collector.h"
#include "hooks.h"
#include "module.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"

/* After so many containers, the collector runs even in a window: for a module that makes
   more, without those that it imports, and for code in a window that is no import, of
   other threads, or of greenlets while one waits in an import. */
#define MOST 100000

PyStatus __real__PyGC_Init(PyInterpreterState *interpreter);
PyStatus __wrap__PyGC_Init(PyInterpreterState *interpreter);

static bool is_active, may_park, has_parked;
/* The number of the import whose window is open, or 0; the number of windows so far. */
static unsigned long window, windows;
static int count_before;
/* The names of all modules that have been imported. */
static PyObject *seen;

bool hpcpy_collector_serves(PyInterpreterState *interpreter)
{
    return is_active && interpreter == PyInterpreterState_Main();
}

void hpcpy_collector_stop(void)
{
    is_active = may_park = false;
}

void hpcpy_collector_give_back(PyInterpreterState *interpreter)
{
    if (has_parked && hpcpy_collector_serves(interpreter)) {
        _PyGC_Unfreeze(interpreter);
        has_parked = false;
    }
}

void hpcpy_collector_renew(PyObject *object)
{
    if (object != NULL && PyObject_GC_IsTracked(object)) {
        PyObject_GC_UnTrack(object);
        PyObject_GC_Track(object);
    }
}

static void renew_module(PyObject *module)
{
    hpcpy_collector_renew(module);
    hpcpy_collector_renew(PyModule_GetDict(module));
}

/* As gc_list_merge() of CPython: `from` is empty afterwards. */
static void move_all(PyGC_Head *from, PyGC_Head *to)
{
    if (from->_gc_next == (uintptr_t)from) {
        return;
    }
    PyGC_Head *last = (PyGC_Head *)to->_gc_prev;
    PyGC_Head *first_new = (PyGC_Head *)from->_gc_next;
    PyGC_Head *last_new = (PyGC_Head *)from->_gc_prev;
    _PyGCHead_SET_NEXT(last, first_new);
    _PyGCHead_SET_PREV(first_new, last);
    _PyGCHead_SET_NEXT(last_new, to);
    to->_gc_prev = (uintptr_t)last_new;
    from->_gc_next = from->_gc_prev = (uintptr_t)from;
}

static void park(struct _gc_runtime_state *collector, int generation)
{
    move_all(&collector->generations[generation].head, &collector->permanent_generation.head);
    has_parked = true;
}

static bool has_one_thread(PyInterpreterState *interpreter)
{
    PyThreadState *first = PyInterpreterState_ThreadHead(interpreter);
    return first != NULL && PyThreadState_Next(first) == NULL;
}

/* What is in the youngest generation at the end was made by the import.  The collector
   is disabled while PyUnstable_GC_VisitObjects() goes through the lists. */
static unsigned long open_window(PyInterpreterState *interpreter)
{
    struct _gc_runtime_state *collector = &interpreter->gc;
    struct gc_generation *youngest = &collector->generations[0];
    if (window != 0) {
        youngest->count = -MOST;
        return 0;
    }
    if (!collector->enabled || !has_one_thread(interpreter)) {
        return 0;
    }
    window = ++windows;
    may_park = true;
    count_before = youngest->count;
    youngest->count = -MOST;
    move_all(&youngest->head, &collector->generations[1].head);
    return window;
}

static void close_window(PyInterpreterState *interpreter, unsigned long opened, bool succeeded)
{
    struct _gc_runtime_state *collector = &interpreter->gc;
    struct gc_generation *youngest = &collector->generations[0];
    if (opened == 0 || opened != window) {
        if (window != 0) {
            youngest->count = -MOST;
        }
        return;
    }
    if (succeeded && may_park && has_one_thread(interpreter)) {
        park(collector, 0);
    }
    window = 0;
    /* Unless the collector ran after all, and has counted anew. */
    if (youngest->count < 0) {
        youngest->count = count_before;
    }
}

/* In a child by fork() the import under way may be another thread's, and never end. */
static void forked(void)
{
    if (window != 0) {
        window = 0;
        PyInterpreterState_Main()->gc.generations[0].count = 0;
    }
}

static int see(PyObject *module)
{
    PyObject *name = PyModule_GetNameObject(module);
    int known = name == NULL ? -1 : PySet_Contains(seen, name);
    if (known == 0) {
        known = PySet_Add(seen, name);
    } else if (known == 1) {
        may_park = false;
    }
    Py_XDECREF(name);
    return known < 0 ? -1 : 0;
}

/* exec_module(loader, module): in C, so that no frame of ours is in tracebacks.
   `self` is the function that it calls in between. */
static PyObject *exec_module(
    PyObject *self, PyObject *const *arguments, Py_ssize_t number, PyObject *names)
{
    Py_ssize_t all = number + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (!hpcpy_collector_serves(interpreter)) {
        return PyObject_Vectorcall(self, arguments, (size_t)number, names);
    }
    unsigned long opened = open_window(interpreter);
    if (all != 2 || see(arguments[1]) < 0) {
        PyErr_Clear();
        may_park = false;
    } else if (opened != 0) {
        renew_module(arguments[1]); /* it was made before */
    }
    PyObject *result = PyObject_Vectorcall(self, arguments, (size_t)number, names);
    close_window(interpreter, opened, result != NULL);
    return result;
}

static PyMethodDef exec_module_method = {
    "exec_module", (PyCFunction)(void (*)(void))exec_module, METH_FASTCALL | METH_KEYWORDS,
    "Execute a module; the garbage collector is out of the way.",
};

/* Each call is made only if the one before has succeeded; all references are released. */
static PyObject *start(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(finder))
{
    const char *way = getenv("HPCPY_GC");
    int counts = 1;
    if (PyConfig_GetInt("use_environment", &counts) < 0) {
        return NULL;
    }
    if ((counts && way != NULL && strcmp(way, "stock") == 0)
        || PyInterpreterState_Get() != PyInterpreterState_Main()) {
        Py_RETURN_NONE;
    }
    seen = PySet_New(NULL);
    PyObject *loader = PyImport_ImportModuleAttrString("_hpcpy_folders", "Loader");
    PyObject *own = loader == NULL ? NULL : PyObject_GetAttrString(loader, "exec_module");
    PyObject *wrapped = own == NULL ? NULL : PyCFunction_New(&exec_module_method, own);
    /* A method of a class, which functions written in C are not. */
    PyObject *method = wrapped == NULL ? NULL : PyInstanceMethod_New(wrapped);
    is_active = seen != NULL && method != NULL && pthread_atfork(NULL, NULL, forked) == 0
                && PyObject_SetAttrString(loader, "exec_module", method) == 0;
    Py_XDECREF(loader);
    Py_XDECREF(own);
    Py_XDECREF(wrapped);
    Py_XDECREF(method);
    return is_active ? Py_NewRef(Py_None) : PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyMethodDef methods[] = {
    {"start", start, METH_O, "start(finder)\n--\n\nHave bundled modules imported so."},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_collector_module, "_hpcpy_collector", methods)

/* No collection from Python's first object on: the importer starts later. */
PyStatus __wrap__PyGC_Init(PyInterpreterState *interpreter)
{
    PyStatus status = __real__PyGC_Init(interpreter);
    if (interpreter == PyInterpreterState_Main()) {
        interpreter->gc.generations[0].count = -MOST;
    }
    return status;
}

/* Parks all that a start made, except __main__ and its globals: at exit these are found
   to be garbage only if the collector looks at them. */
void hpcpy_collector_started(const PyConfig *Py_UNUSED(known))
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    struct _gc_runtime_state *collector = &interpreter->gc;
    collector->generations[0].count = 0;
    if (!hpcpy_collector_serves(interpreter) || !has_one_thread(interpreter)) {
        return;
    }
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        park(collector, i);
        collector->generations[i].count = 0;
    }
    PyObject *module = PyImport_AddModuleRef("__main__");
    if (module != NULL) {
        renew_module(module);
    }
    PyErr_Clear();
    Py_XDECREF(module);
}
