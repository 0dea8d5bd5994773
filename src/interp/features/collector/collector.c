/* The cyclic garbage collector stays out of imports.  Executing the bodies of
   modules makes many objects and next to no garbage: for core 98,000 objects, 220 of
   them garbage.  So it does not run while a bundled module is imported, and what the
   import made is then parked: on a list that the collector does not look through.

   - A window is the time of an import.  It belongs to the import that opened it, and
     closes when that ends, whatever other threads and greenlets import meanwhile.
   - Only the objects of modules that are imported for the first time, while Python has
     one thread, are parked: reloading one again and again leaks nothing.
   - Before somebody looks at all objects, they are given back: collector_views.c.
   - gc.isenabled() and the thresholds are never touched.

   This is for the main interpreter, under its lock; others are as in any CPython. */

#define Py_BUILD_CORE 1
#include "collector.h"
#include "hooks.h"

#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"

/* After so many containers, the collector runs even in a window: for a module that makes
   more, without those that it imports, and for code in a window that is no import, of
   other threads, or of greenlets while one waits in an import. */
#define MOST 100000

static bool armed, may_park, are_shown;
/* The number of the import whose window is open, or 0; the number of windows so far. */
static unsigned long window, windows;
static int count_before;
static PyGC_Head parked, held;

PyStatus __real__PyGC_Init(PyInterpreterState *interpreter);
PyStatus __wrap__PyGC_Init(PyInterpreterState *interpreter);

static void make_empty(PyGC_Head *list)
{
    list->_gc_next = list->_gc_prev = (uintptr_t)list;
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
    make_empty(from);
}

bool hpcpy_collector_serves(PyInterpreterState *interpreter)
{
    return armed && interpreter == PyInterpreterState_Main();
}

void hpcpy_collector_serve(void)
{
    make_empty(&parked);
    make_empty(&held);
    armed = true;
}

void hpcpy_collector_stop(void)
{
    armed = false;
}

static bool has_one_thread(PyInterpreterState *interpreter)
{
    PyThreadState *first = PyInterpreterState_ThreadHead(interpreter);
    return first != NULL && PyThreadState_Next(first) == NULL;
}

void hpcpy_collector_give_back(PyInterpreterState *interpreter)
{
    if (hpcpy_collector_serves(interpreter)) {
        struct _gc_runtime_state *collector = &interpreter->gc;
        move_all(&parked, &collector->generations[NUM_GENERATIONS - 1].head);
        move_all(&held, &collector->generations[0].head);
        may_park = false;
    }
}

bool hpcpy_collector_give_back_frames(PyInterpreterState *interpreter)
{
    PyGC_Head *oldest = &interpreter->gc.generations[NUM_GENERATIONS - 1].head;
    bool any = false;
    PyGC_Head *next;
    for (PyGC_Head *one = _PyGCHead_NEXT(&parked); one != &parked; one = next) {
        next = _PyGCHead_NEXT(one);
        PyObject *object = _Py_FROM_GC(one);
        if (PyFrame_Check(object) || PyTraceBack_Check(object) ||
            PyExceptionInstance_Check(object)) {
            PyGC_Head *before = _PyGCHead_PREV(one);
            _PyGCHead_SET_NEXT(before, next);
            _PyGCHead_SET_PREV(next, before);
            PyGC_Head *last = (PyGC_Head *)oldest->_gc_prev;
            _PyGCHead_SET_NEXT(last, one);
            _PyGCHead_SET_PREV(one, last);
            _PyGCHead_SET_NEXT(one, oldest);
            oldest->_gc_prev = (uintptr_t)one;
            any = true;
        }
    }
    return any;
}

void hpcpy_collector_show(PyInterpreterState *interpreter, bool begins)
{
    hpcpy_collector_give_back(interpreter);
    are_shown = begins;
}

/* The youngest generation is held aside: what is in it at the end was made by the
   import. */
unsigned long hpcpy_collector_open(PyInterpreterState *interpreter)
{
    struct gc_generation *youngest = &interpreter->gc.generations[0];
    if (window != 0) {
        youngest->count = -MOST;
        return 0;
    }
    if (are_shown || !has_one_thread(interpreter)) {
        return 0;
    }
    window = ++windows;
    may_park = true;
    count_before = youngest->count;
    youngest->count = -MOST;
    move_all(&youngest->head, &held);
    return window;
}

static void close_window(PyInterpreterState *interpreter)
{
    struct gc_generation *youngest = &interpreter->gc.generations[0];
    window = 0;
    move_all(&held, &youngest->head);
    /* Unless the collector ran after all, and has counted anew. */
    if (youngest->count < 0) {
        youngest->count = count_before;
    }
}

void hpcpy_collector_close(PyInterpreterState *interpreter, unsigned long opened, bool succeeded)
{
    struct _gc_runtime_state *collector = &interpreter->gc;
    if (opened == 0 || opened != window) {
        if (window != 0) {
            collector->generations[0].count = -MOST;
        }
        return;
    }
    if (succeeded && may_park && has_one_thread(interpreter)) {
        move_all(&collector->generations[0].head, &parked);
    }
    close_window(interpreter);
}

void hpcpy_collector_keep(void)
{
    may_park = false;
}

void hpcpy_collector_abandon(PyInterpreterState *interpreter)
{
    if (window != 0) {
        close_window(interpreter);
    }
}

void hpcpy_collector_renew(PyObject *module)
{
    PyObject *both[] = {module, module == NULL ? NULL : PyModule_GetDict(module)};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(both); i++) {
        if (both[i] != NULL && PyObject_GC_IsTracked(both[i])) {
            PyObject_GC_UnTrack(both[i]);
            PyObject_GC_Track(both[i]);
        }
    }
}

Py_ssize_t hpcpy_collector_parked(void)
{
    Py_ssize_t number = 0;
    for (PyGC_Head *one = (PyGC_Head *)parked._gc_next; one != &parked;
         one = (PyGC_Head *)one->_gc_next) {
        number++;
    }
    return number;
}

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
    if (!hpcpy_collector_serves(interpreter) || !has_one_thread(interpreter)) {
        collector->generations[0].count = 0;
        return;
    }
    PyGC_Head *oldest = &collector->generations[NUM_GENERATIONS - 1].head;
    for (int i = 0; i < NUM_GENERATIONS; i++) {
        move_all(&collector->generations[i].head, &parked);
        collector->generations[i].count = 0;
    }
    PyObject *module = PyImport_AddModuleRef("__main__");
    hpcpy_collector_renew(module);
    move_all(&collector->generations[0].head, oldest);
    PyErr_Clear();
    Py_XDECREF(module);
}
