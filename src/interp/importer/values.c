/* Loads a value of a bundle: marshalled, and most code also compressed by zstd. */

#include "bundle.h"

#include <marshal.h>
#include <string.h>
#include <zstd.h>

/* It has 96 kB, most of which each frame touches.  A new one for each frame would move
   the heap's end to and fro. */
static ZSTD_DCtx *kept;

static ZSTD_DCtx *take(void)
{
    /* Interpreters with a GIL of their own come here at the same time. */
    ZSTD_DCtx *taken = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQ_REL);
    return taken != NULL ? taken : ZSTD_createDCtx();
}

static void give_back(ZSTD_DCtx *context)
{
    ZSTD_freeDCtx(__atomic_exchange_n(&kept, context, __ATOMIC_ACQ_REL));
}

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
    ZSTD_DCtx *context = take();
    if (data == NULL || context == NULL) {
        PyMem_RawFree(data);
        give_back(context);
        return PyErr_NoMemory();
    }
    size_t done = ZSTD_decompressDCtx(context, data, (size_t)size, frame->buf, (size_t)frame->len);
    give_back(context);
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
