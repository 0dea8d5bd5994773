/* The cyclic garbage collector stays out of imports.  Executing the bodies of modules makes
   many objects and next to no garbage: for core 98,000 objects, 220 of them garbage.

   - What the import of a bundled module makes is parked: in the permanent generation, as by
     gc.freeze().  So is what it has made before each further module that it imports: a young
     collection is left for a body alone that makes more objects than the threshold.
   - Until Python has started, the threshold is MOST, and all is parked then.
   - Parked objects count as pending: the collector's next full run takes them back, and so
     does who looks at all objects.
   - A program that freezes objects itself takes them along, and nothing more is parked.

   This is for the main interpreter, under its lock; others are as in any CPython. */

#include "collector.h"
#include "hooks.h"
#include "module.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST 20000

IN_FRONT_OF(PyStatus, _PyGC_Init, PyInterpreterState *interpreter);
IN_FRONT_OF(void, _Py_RunGC, PyThreadState *tstate);
IN_FRONT_OF(Py_ssize_t, _PyGC_Collect, PyThreadState *tstate, int generation, _PyGC_Reason reason);
IN_FRONT_OF(PyObject *, _PyGC_GetObjects, PyInterpreterState *interpreter, int generation);
IN_FRONT_OF(PyObject *, _PyGC_GetReferrers, PyInterpreterState *interpreter, PyObject *objects);
IN_FRONT_OF(void, _PyGC_Freeze, PyInterpreterState *interpreter);

bool hpcpy_collector_is_active;
static bool is_wanted, has_parked, is_open;
/* Within a window: how many objects the youngest generation had, and an import has made. */
static int made;
static int stock_threshold;

bool hpcpy_collector_serves(PyInterpreterState *interpreter)
{
    return hpcpy_collector_is_active && interpreter == PyInterpreterState_Main();
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

void hpcpy_collector_give_back(PyInterpreterState *interpreter)
{
    if (has_parked && hpcpy_collector_serves(interpreter)) {
        _PyGC_Unfreeze(interpreter);
        has_parked = false;
    }
}

/* Put it among the youngest, wherever it is. */
static void renew(PyObject *object)
{
    if (object != NULL && PyObject_GC_IsTracked(object)) {
        PyObject_GC_UnTrack(object);
        PyObject_GC_Track(object);
    }
}

static void renew_module(PyObject *module)
{
    renew(module);
    renew(PyModule_GetDict(module));
}

static bool has_one_thread(PyInterpreterState *interpreter)
{
    PyThreadState *first = PyInterpreterState_ThreadHead(interpreter);
    return first != NULL && PyThreadState_Next(first) == NULL;
}

/* The collector is disabled while PyUnstable_GC_VisitObjects() goes through the lists. */
static bool may_move(PyInterpreterState *interpreter)
{
    return hpcpy_collector_serves(interpreter) && interpreter->gc.enabled
           && has_one_thread(interpreter);
}

/* What the younger two generations have from here on is made by the import, whatever other
   threads and greenlets import meanwhile. */
static bool open_window(PyInterpreterState *interpreter)
{
    if (is_open || !may_move(interpreter)) {
        return false;
    }
    struct gc_generation *generations = interpreter->gc.generations;
    made = generations[0].count;
    generations[0].count = 0;
    interpreter->gc.long_lived_pending += made;
    move_all(&generations[0].head, &generations[2].head);
    move_all(&generations[1].head, &generations[2].head);
    return is_open = true;
}

static void park_made(PyInterpreterState *interpreter)
{
    struct _gc_runtime_state *collector = &interpreter->gc;
    if (is_open && may_move(interpreter)) {
        park(collector, 0);
        park(collector, 1);
        collector->long_lived_pending += collector->generations[0].count;
        made += collector->generations[0].count;
        collector->generations[0].count = 0;
    }
}

/* The youngest's count is of all that was made: a collection of next to nothing follows, which
   counts. */
static void close_window(PyInterpreterState *interpreter, bool succeeded)
{
    if (succeeded) {
        park_made(interpreter);
    }
    is_open = false;
    interpreter->gc.generations[0].count += made;
}

/* In a child by fork() the import under way may be another thread's, and never end. */
static void forked(void)
{
    is_open = false;
}

/* exec_module(loader, module): in C, so that no frame of ours is in tracebacks.
   `self` is the function that it calls in between. */
static PyObject *exec_module(
    PyObject *self, PyObject *const *arguments, Py_ssize_t number, PyObject *names)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    park_made(interpreter);
    bool has_opened = open_window(interpreter);
    if (has_opened && number == 2 && PyModule_Check(arguments[1])) {
        renew_module(arguments[1]); /* it was made before */
    }
    PyObject *result = PyObject_Vectorcall(self, arguments, (size_t)number, names);
    if (has_opened) {
        close_window(interpreter, result != NULL);
    }
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
    PyObject *loader = PyImport_ImportModuleAttrString("_hpcpy_folders", "Loader");
    PyObject *own = loader == NULL ? NULL : PyObject_GetAttrString(loader, "exec_module");
    PyObject *wrapped = own == NULL ? NULL : PyCFunction_New(&exec_module_method, own);
    /* A method of a class, which functions written in C are not. */
    PyObject *method = wrapped == NULL ? NULL : PyInstanceMethod_New(wrapped);
    is_wanted = method != NULL && pthread_atfork(NULL, NULL, forked) == 0
                && PyObject_SetAttrString(loader, "exec_module", method) == 0;
    Py_XDECREF(loader);
    Py_XDECREF(own);
    Py_XDECREF(wrapped);
    Py_XDECREF(method);
    return is_wanted ? Py_NewRef(Py_None) : PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyMethodDef methods[] = {
    {"start", start, METH_O, "start(finder)\n--\n\nHave bundled modules imported so."},
    {NULL, NULL, 0, NULL},
};

HPCPY_MODULE(hpcpy_collector_module, "_hpcpy_collector", methods)

/* From Python's first object on: the importer starts later. */
PyStatus __wrap__PyGC_Init(PyInterpreterState *interpreter)
{
    if (interpreter == PyInterpreterState_Main()) {
        stock_threshold = interpreter->gc.generations[0].threshold;
        interpreter->gc.generations[0].threshold = MOST;
    }
    return __real__PyGC_Init(interpreter);
}

/* Parks all that a start made, except __main__ and its globals: at exit these are found
   to be garbage only if the collector looks at them. */
void hpcpy_collector_started(const PyConfig *Py_UNUSED(known))
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    struct _gc_runtime_state *collector = &interpreter->gc;
    if (collector->generations[0].threshold == MOST) { /* no .pth file has set another */
        collector->generations[0].threshold = stock_threshold;
    }
    collector->generations[0].count = 0;
    hpcpy_collector_is_active = is_wanted;
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

/* As gc_select_generation() of CPython chooses the oldest. */
void __wrap__Py_RunGC(PyThreadState *tstate)
{
    struct _gc_runtime_state *collector = &tstate->interp->gc;
    struct gc_generation *oldest = &collector->generations[NUM_GENERATIONS - 1];
    if (oldest->count > oldest->threshold
        && collector->long_lived_pending >= collector->long_lived_total / 4) {
        hpcpy_collector_give_back(tstate->interp);
    }
    __real__Py_RunGC(tstate);
}

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
    hpcpy_collector_is_active &= interpreter != PyInterpreterState_Main();
    __real__PyGC_Freeze(interpreter);
}
