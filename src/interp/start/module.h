/* A built-in module that has functions alone. */

#pragma once

#include <Python.h>

/* Defines the function that initialises it.  The functions keep no state in the module, so
   that interpreters with a GIL of their own may import it, too. */
#define HPCPY_MODULE(initialise, name, functions)                                     \
    PyObject *initialise(void)                                                        \
    {                                                                                 \
        static PyModuleDef_Slot slots[] = {                                           \
            {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},     \
            {0, NULL},                                                                \
        };                                                                            \
        static struct PyModuleDef definition = {                                      \
            PyModuleDef_HEAD_INIT, .m_name = name, .m_methods = functions,            \
            .m_slots = slots,                                                         \
        };                                                                            \
        return PyModuleDef_Init(&definition);                                         \
    }
