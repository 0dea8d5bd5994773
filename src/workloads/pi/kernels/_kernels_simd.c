/* The module _kernels_simd: philox_simd.c for the best level this processor has. */
#define WITH_IFMA
#include "levels.h"

#include "philox_simd.h"

static uint64_t (*const KERNELS[LEVELS])(uint64_t, uint64_t, uint64_t) = {
    [V4_IFMA] = count_v4_ifma, [V4] = count_v4, [V3] = count_v3, [V2] = count_v2,
};

static PyObject *count(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"first", "end", "key", "level", NULL};
    (void)self;
    long long first, end;
    PyObject *number;
    const char *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "LLO!|z:count", names, &first, &end,
                                     &PyLong_Type, &number, &name))
        return NULL;
    const uint64_t key = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred())
        return NULL;
    /* Above 2^62 the sum of end and a group of pairs might overflow. */
    if (first < 0 || end > (1LL << 62))
        return PyErr_Format(PyExc_ValueError, "pairs are counted from 0 to 2**62");
    const int level = find_level(name);
    if (level < 0)
        return NULL;
    uint64_t hits = 0;
    Py_BEGIN_ALLOW_THREADS
    if (first < end)
        hits = KERNELS[level](first, end, key);
    Py_END_ALLOW_THREADS
    return PyLong_FromUnsignedLongLong(hits);
}

static PyMethodDef methods[] = {
    {"count", (PyCFunction)(void (*)(void))count, METH_VARARGS | METH_KEYWORDS,
     "count(first, end, key, level=None)\n--\n\n"
     "Count the hits among pairs `first` to `end` - 1 of the Philox stream."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernels_simd",
    .m_doc = "Hits with vector instructions; `levels` are those this processor has.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernels_simd(void)
{
    return PyModuleDef_Init(&module);
}
