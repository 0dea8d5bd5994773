/* The module _kernels_simd: escape_simd.c for the best level this processor has.
 *
 * It takes buffers, not numpy's arrays, keeps no state and runs without the GIL:
 * threads run it at once, and subinterpreters with a GIL of their own may import it.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

/* The levels, the best first, and the functions of escape_simd.c. */
typedef void fill_function(const double *, int64_t, const double *, int64_t, int32_t, int32_t *,
                           int64_t *);
#if defined(__x86_64__)
enum levels {
    V4,
    V3,
    V2,
    LEVELS
};
#define LEAST "x86-64-v2"
static const char *const LEVEL_NAMES[LEVELS] = {
    [V4] = "x86-64-v4",
    [V3] = "x86-64-v3",
    [V2] = LEAST,
};
extern fill_function fill_v2, fill_v3, fill_v4;
static fill_function *const KERNELS[LEVELS] = {fill_v4, fill_v3, fill_v2};

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
#elif defined(__aarch64__)
enum levels {
    ARMV8,
    LEVELS
};
#define LEAST "armv8-a"
static const char *const LEVEL_NAMES[LEVELS] = {[ARMV8] = LEAST};
extern fill_function fill_a;
static fill_function *const KERNELS[LEVELS] = {fill_a};

static int runs_here(enum levels level)
{
    return level == ARMV8;
}
#endif

/* Return the level of that name, or the best for NULL; -1 with an exception set. */
static int find_level(const char *name)
{
    for (int k = 0; k < LEVELS; k++)
        if (runs_here(k) && (name == NULL || strcmp(name, LEVEL_NAMES[k]) == 0))
            return k;
    PyErr_Format(PyExc_ValueError, "this processor is not %s", name ? name : LEAST);
    return -1;
}

/* Give the module its list `levels`: those that this processor has. */
static int prepare(PyObject *module)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    if (find_level(NULL) < 0) {
        PyErr_SetString(PyExc_ImportError, "the kernels need a processor of " LEAST);
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

/* The most pixels of a row that escape_simd.c takes at a time. */
enum { GROUP_MOST = 64 };

static int is_array_of(const Py_buffer *view, Py_ssize_t size)
{
    return view->len % size == 0 && (uintptr_t)view->buf % size == 0;
}

/* Fill `out`, once all buffers have been checked. */
static PyObject *run(fill_function *fill, const Py_buffer *xs, const Py_buffer *ys,
                     int maxiter, const Py_buffer *out, const Py_buffer *counter)
{
    const int64_t width = xs->len / 8, height = ys->len / 8;
    int64_t pixels, from_the_start = 0, *const next = counter->buf ? counter->buf : &from_the_start;
    if (maxiter < 1)
        return PyErr_Format(PyExc_ValueError, "maxiter %d is not at least 1", maxiter);
    if (!is_array_of(xs, 8) || !is_array_of(ys, 8) || !is_array_of(out, 4)
        || !is_array_of(counter, 8) || counter->len > 8)
        return PyErr_Format(PyExc_ValueError,
                            "float64 xs and ys, int32 out and one int64 counter are needed");
    if (__builtin_mul_overflow(width, height, &pixels) || out->len / 4 != pixels)
        return PyErr_Format(PyExc_ValueError, "out has not %lld times %lld numbers",
                            (long long)height, (long long)width);
    /* The kernel reads whole groups: points that escape at once are added after
     * the last column. */
    double *const padded = PyMem_RawMalloc((width + GROUP_MOST) * sizeof *padded);
    if (padded == NULL)
        return PyErr_NoMemory();
    memcpy(padded, xs->buf, width * sizeof *padded);
    for (int k = 0; k < GROUP_MOST; k++)
        padded[width + k] = 4.0;
    Py_BEGIN_ALLOW_THREADS
    fill(padded, width, ys->buf, height, maxiter, out->buf, next);
    Py_END_ALLOW_THREADS
    PyMem_RawFree(padded);
    Py_RETURN_NONE;
}

static PyObject *fill(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"xs", "ys", "maxiter", "out", "counter", "level", NULL};
    (void)self;
    Py_buffer xs = {0}, ys = {0}, out = {0}, counter = {0};
    const char *name = NULL;
    int maxiter;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*y*iw*|w*z:fill", names, &xs, &ys,
                                     &maxiter, &out, &counter, &name))
        return NULL;
    const int level = find_level(name);
    PyObject *const result =
        level < 0 ? NULL : run(KERNELS[level], &xs, &ys, maxiter, &out, &counter);
    PyBuffer_Release(&xs);
    PyBuffer_Release(&ys);
    PyBuffer_Release(&out);
    PyBuffer_Release(&counter);
    return result;
}

static PyMethodDef methods[] = {
    {"fill", (PyCFunction)(void (*)(void))fill, METH_VARARGS | METH_KEYWORDS,
     "fill(xs, ys, maxiter, out, counter=None, level=None)\n--\n\n"
     "Fill the int32 buffer `out` with the escape times of all `xs` × `ys`.\n\n"
     "With a `counter`, an int64 that starts at 0, several calls share the rows:\n"
     "each takes the next that nobody has, until there are none."},
    {NULL, NULL, 0, NULL},
};

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

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernels_simd",
    .m_doc = "Escape times with vector instructions; `levels` are those this processor has.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels_simd(void)
{
    return PyModuleDef_Init(&module);
}
