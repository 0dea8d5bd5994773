/* The module _kernels_simd: escape_simd.c for the best level this processor has.
 *
 * It takes buffers, not numpy's arrays, keeps no state and runs without the GIL.
 * So it can be used in threads, and in subinterpreters, which have a GIL of
 * their own and cannot import numpy.
 */
#include "levels.h"

#include "escape_simd.h"

static const struct level {
    void (*fill)(const double *, int64_t, const double *, int64_t, int32_t, int32_t *, int64_t *);
    double (*limit)(int64_t);
    const int *lanes;
} KERNELS[LEVELS] = {
    {fill_v4, limit_v4, &lanes_v4},
    {fill_v3, limit_v3, &lanes_v3},
    {fill_v2, limit_v2, &lanes_v2},
};

/* The kernel of the level `name`, or of the best one; NULL with an exception. */
static const struct level *find(const char *name)
{
    const int k = find_level(name);
    return k < 0 ? NULL : &KERNELS[k];
}

/* Fill `view` with a contiguous buffer, whose items are either of one of the
 * `kinds`, letters of the module struct, and of `size` bytes, or plain bytes. */
static int get(PyObject *object, Py_buffer *view, int flags, const char *kinds, Py_ssize_t size)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_FORMAT | PyBUF_C_CONTIGUOUS) < 0)
        return -1;
    const char *format = view->format ? view->format : "B";
    const int typed = strchr(kinds, format[strlen(format) - 1]) && view->itemsize == size;
    if ((typed || view->itemsize == 1) && view->len % size == 0
        && (uintptr_t)view->buf % size == 0)
        return 0;
    PyErr_Format(PyExc_ValueError, "a contiguous, aligned buffer of '%c' is needed", *kinds);
    PyBuffer_Release(view);
    return -1;
}

/* Fill `out`, once all buffers have been checked. */
static PyObject *run(const struct level *level, const Py_buffer *xs, const Py_buffer *ys,
                     int maxiter, const Py_buffer *out, int64_t *next)
{
    const int64_t width = xs->len / 8, height = ys->len / 8;
    int64_t pixels;
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
    level->fill(padded, width, ys->buf, height, maxiter, out->buf, next);
    Py_END_ALLOW_THREADS
    PyMem_RawFree(padded);
    Py_RETURN_NONE;
}

static PyObject *fill(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"xs", "ys", "maxiter", "out", "counter", "level", NULL};
    (void)self;
    PyObject *objects[4] = {NULL, NULL, NULL, Py_None}, *result = NULL;
    Py_buffer xs, ys, out, counter = {0};
    const char *name = NULL;
    int maxiter;
    int64_t from_the_start = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOiO|Oz:fill", names, &objects[0],
                                     &objects[1], &maxiter, &objects[2], &objects[3], &name))
        return NULL;
    const struct level *const level = find(name);
    if (level == NULL)
        return NULL;
    if (maxiter < 1)
        return PyErr_Format(PyExc_ValueError, "maxiter %d is not at least 1", maxiter);
    if (get(objects[0], &xs, PyBUF_SIMPLE, "d", 8) < 0)
        return NULL;
    if (get(objects[1], &ys, PyBUF_SIMPLE, "d", 8) < 0)
        goto release_xs;
    if (get(objects[2], &out, PyBUF_WRITABLE, "i", 4) < 0)
        goto release_ys;
    if (objects[3] == Py_None)
        result = run(level, &xs, &ys, maxiter, &out, &from_the_start);
    else if (get(objects[3], &counter, PyBUF_WRITABLE, "ql", 8) == 0) {
        if (counter.len == 8)
            result = run(level, &xs, &ys, maxiter, &out, counter.buf);
        else
            PyErr_SetString(PyExc_ValueError, "counter is one number");
        PyBuffer_Release(&counter);
    }
    PyBuffer_Release(&out);
release_ys:
    PyBuffer_Release(&ys);
release_xs:
    PyBuffer_Release(&xs);
    return result;
}

static PyObject *limit(PyObject *self, PyObject *args)
{
    (void)self;
    const char *name = NULL;
    long long tests;
    if (!PyArg_ParseTuple(args, "L|z:limit", &tests, &name))
        return NULL;
    const struct level *const level = find(name);
    if (level == NULL)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    level->limit(tests / *level->lanes);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"fill", (PyCFunction)(void (*)(void))fill, METH_VARARGS | METH_KEYWORDS,
     "fill(xs, ys, maxiter, out, counter=None, level=None)\n--\n\n"
     "Fill the int32 buffer `out` with the escape times of all `xs` × `ys`.\n\n"
     "With a `counter`, an int64 that starts at 0, several calls share the rows:\n"
     "each takes the next that nobody has, until there are none."},
    {"limit", limit, METH_VARARGS,
     "limit(tests, level=None)\n--\n\n"
     "Multiply and add as often as that many tests need at least, without any\n"
     "operation waiting for another: what one core cannot be faster than."},
    {NULL, NULL, 0, NULL},
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
