/* The cyclic garbage collector stays out of imports.  Executing the bodies of
   modules makes many objects and next to no garbage: the core stack 98,000 and
   220.  So it does not run while a bundled module is imported, and what the
   import made is then parked: on a list that the collector does not look through.

   - Parked is what an import makes while Python has one thread, by modules that
     are imported for the first time: reloading one again and again leaks nothing.
   - Who wants to see all objects gets them back first: collector_views.c.
   - gc.isenabled() and the thresholds are never touched.

   For the main interpreter; others are as ever. */

#define Py_BUILD_CORE 1
#include "collector.h"

#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"

/* An import that makes more containers than this is collected as any program.
   The largest in the image, matplotlib.pyplot, makes 229,000. */
#define MOST 1000000

static bool armed, open, may_park;
static int depth, count_before;
static PyGC_Head parked, held;
static PyObject *seen;

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

/* The youngest generation is held aside: what is there at the end, the import
   made. */
static void begin(PyInterpreterState *interpreter)
{
    if (depth++ > 0 || !has_one_thread(interpreter)) {
        return;
    }
    struct _gc_runtime_state *collector = &interpreter->gc;
    open = may_park = true;
    count_before = collector->generations[0].count;
    collector->generations[0].count = -MOST;
    move_all(&collector->generations[0].head, &held);
}

static void end(PyInterpreterState *interpreter, bool succeeded)
{
    if (--depth > 0 || !open) {
        return;
    }
    struct _gc_runtime_state *collector = &interpreter->gc;
    open = false;
    if (succeeded && may_park && has_one_thread(interpreter)) {
        move_all(&collector->generations[0].head, &parked);
    }
    move_all(&held, &collector->generations[0].head);
    /* Unless it ran after all, and has counted anew. */
    if (collector->generations[0].count < 0) {
        collector->generations[0].count = count_before;
    }
}

/* Put a module among the youngest objects. */
static void renew(PyObject *module)
{
    PyObject *both[] = {module, module == NULL ? NULL : PyModule_GetDict(module)};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(both); i++) {
        if (both[i] != NULL && PyObject_GC_IsTracked(both[i])) {
            PyObject_GC_UnTrack(both[i]);
            PyObject_GC_Track(both[i]);
        }
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
static PyObject *exec_module(PyObject *self, PyObject *const *arguments, Py_ssize_t number)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (!hpcpy_collector_serves(interpreter)) {
        return PyObject_Vectorcall(self, arguments, (size_t)number, NULL);
    }
    begin(interpreter);
    if (number != 2 || see(arguments[1]) < 0) {
        PyErr_Clear();
        may_park = false;
    } else if (depth == 1) {
        renew(arguments[1]); /* it was made before */
    }
    PyObject *result = PyObject_Vectorcall(self, arguments, (size_t)number, NULL);
    end(interpreter, result != NULL);
    return result;
}

static PyMethodDef exec_module_method = {
    "exec_module", (PyCFunction)(void (*)(void))exec_module, METH_FASTCALL,
    "Execute a module; the garbage collector is out of the way.",
};

static PyObject *around(PyObject *Py_UNUSED(module), PyObject *function)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    if (!armed && interpreter == PyInterpreterState_Main()) {
        seen = PySet_New(NULL);
        if (seen == NULL) {
            return NULL;
        }
        make_empty(&parked);
        make_empty(&held);
        armed = true;
    }
    PyObject *wrapped = PyCFunction_New(&exec_module_method, function);
    /* A method of a class, which functions written in C are not. */
    PyObject *method = wrapped == NULL ? NULL : PyInstanceMethod_New(wrapped);
    Py_XDECREF(wrapped);
    return method;
}

static PyObject *count_parked(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    Py_ssize_t number = 0;
    if (hpcpy_collector_serves(PyInterpreterState_Get())) {
        for (PyGC_Head *one = (PyGC_Head *)parked._gc_next; one != &parked;
             one = (PyGC_Head *)one->_gc_next) {
            number++;
        }
    }
    return PyLong_FromSsize_t(number);
}

/* From Python's first object on: the importer comes later. */
PyStatus __wrap__PyGC_Init(PyInterpreterState *interpreter)
{
    PyStatus status = __real__PyGC_Init(interpreter);
    if (interpreter == PyInterpreterState_Main()) {
        interpreter->gc.generations[0].count = -MOST;
    }
    return status;
}

/* All that a start made, but for the user's: the globals of __main__ are found
   to be garbage at exit only where the collector looks at them. */
void hpcpy_collector_started(void)
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
    renew(module);
    move_all(&collector->generations[0].head, oldest);
    PyErr_Clear();
    Py_XDECREF(module);
}

static PyMethodDef methods[] = {
    {"around", around, METH_O, "around(function)\n--\n\nMake it a loader's exec_module()."},
    {"parked", count_parked, METH_NOARGS, "parked()\n--\n\nHow many objects are parked."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_hpcpy_collector",
    .m_doc = "Imports without the cyclic garbage collector.",
    .m_methods = methods,
    .m_slots = slots,
};

PyObject *hpcpy_collector_initialise(void)
{
    return PyModuleDef_Init(&definition);
}
