/* Loads a value of a bundle: marshalled, and most code also compressed by zstd. */

#include "bundle.h"

#include <marshal.h>
#include <string.h>
#include <zstd.h>

static PyObject *refuse(const char *why)
{
    return PyErr_Format(
        PyExc_ValueError, "hpcpy: a module in memory is damaged (%s): get the image again", why);
}

static PyObject *loads_frame(const Py_buffer *frame)
{
    unsigned long long size = ZSTD_getFrameContentSize(frame->buf, (size_t)frame->len);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > INT32_MAX) {
        return refuse("its size");
    }
    char *data = PyMem_RawMalloc((size_t)size + 1);
    if (data == NULL) {
        return PyErr_NoMemory();
    }
    size_t done = ZSTD_decompress(data, (size_t)size, frame->buf, (size_t)frame->len);
    PyObject *loaded = NULL;
    if (ZSTD_isError(done)) {
        refuse(ZSTD_getErrorName(done));
    } else {
        loaded = PyMarshal_ReadObjectFromString(data, (Py_ssize_t)done);
    }
    PyMem_RawFree(data);
    return loaded;
}

PyObject *hpcpy_loads(PyObject *Py_UNUSED(module), PyObject *value)
{
    /* marshal would read it as a tuple of at least 16 million values. */
    static const unsigned char magic[] = {0x28, 0xB5, 0x2F, 0xFD};
    Py_buffer given;
    if (PyObject_GetBuffer(value, &given, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    PyObject *loaded =
        given.len > (Py_ssize_t)sizeof magic && memcmp(given.buf, magic, sizeof magic) == 0
            ? loads_frame(&given)
            : PyMarshal_ReadObjectFromString(given.buf, given.len);
    PyBuffer_Release(&given);
    return loaded;
}
