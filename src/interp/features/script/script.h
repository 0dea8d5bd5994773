/* Programs in files: see script.c. */

#ifndef HPCPY_SCRIPT_H
#define HPCPY_SCRIPT_H

#include <Python.h>

/* Tell the import system that a file's name ending in .py is no folder and no
   zip file.  Returns 0, or -1 with an exception set. */
int hpcpy_take_for_script(const wchar_t *filename);

#endif
