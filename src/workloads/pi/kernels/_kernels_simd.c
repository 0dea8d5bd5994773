/* The module _kernels_simd: philox_simd.c for the best level this processor has. */
#include "levels.h"

#include <stdint.h>

typedef uint64_t count_t(uint64_t first, uint64_t end, uint64_t key);
count_t count_v2, count_v3, count_v4;

static count_t *const KERNELS[LEVELS] = {[V4] = count_v4, [V3] = count_v3, [V2] = count_v2};

static PyObject *count(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"first", "end", "key", "level", NULL};
    (void)self;
    unsigned long long first, end, key;
    const char *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "KKK|z:count", names, &first, &end, &key,
                                     &name))
        return NULL;
    const int level = find_level(name);
    if (level < 0)
        return NULL;
    uint64_t hits;
    Py_BEGIN_ALLOW_THREADS
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
