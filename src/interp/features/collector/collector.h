/* What collector.c and exit.c share. */

#pragma once

#define Py_BUILD_CORE 1
#include <Python.h>

#include <stdbool.h>

#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"

/* A function that the linker puts before CPython's: start/wraps.toml. */
#define IN_FRONT_OF(result, name, ...) \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)

/* Until the program freezes objects itself, and while Python runs. */
extern bool hpcpy_collector_is_active;

bool hpcpy_collector_serves(PyInterpreterState *interpreter);
void hpcpy_collector_give_back(PyInterpreterState *interpreter);
