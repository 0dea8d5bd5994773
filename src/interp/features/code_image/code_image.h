/* The code image: what `python -m codeimage` wrote, and who may have it. */

#ifndef HPCPY_CODE_IMAGE_H
#define HPCPY_CODE_IMAGE_H

#include <Python.h>

/* A module's code by where its marshalled form is in the bundle; without an
   exception NULL when the image has none for this interpreter. */
PyObject *hpcpy_code_image_find(uint64_t key);

#endif
