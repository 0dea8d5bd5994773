"""The C of modules and libraries that call each other, drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

DRIVER = "pynamic_driver"
# Functions that call one another before the next chain begins.
_DEPTH = 10
# Every so many functions of a module one calls a library.
_CALLS_A_LIBRARY = 4
# The functions are seen from outside, as Pynamic's are: the loader has to bind them.
_MODULE = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
{declarations}
{functions}
static PyObject *visit(PyObject *self, PyObject *none)
{{
    return PyLong_FromLong({chains});
}}
static PyMethodDef methods[] = {{{{"visit", visit, METH_NOARGS, "Call them all."}}, {{0}}}};
static struct PyModuleDef definition = {{
    PyModuleDef_HEAD_INIT, .m_name = "{name}", .m_size = 0, .m_methods = methods}};
PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModuleDef_Init(&definition); }}
"""
_DRIVER = """\
import importlib

modules = [importlib.import_module(name) for name in {names}]


def visit():
    calls = sum(module.visit() for module in modules)
    if calls != {calls}:
        raise SystemExit(f"{{calls}} functions were called, not {calls}")
"""


@dataclass(frozen=True)
class Size:
    """How much is generated; the defaults are NERSC's.

    Attributes
    ----------
    modules, functions
        Modules of Python, and functions in each, on average.
    libraries, library_functions
        The same of libraries that the modules are linked with.
    seed
        Of the numbers that are drawn.
    """

    modules: int = 100
    functions: int = 100
    libraries: int = 20
    library_functions: int = 20
    seed: int = 42


@dataclass(frozen=True)
class Sources:
    """What is to be compiled, and what imports it.

    Attributes
    ----------
    libraries, modules
        C by name.
    needs
        The libraries that a module is linked with.
    driver
        A module of Python that imports all, and calls all functions.
    calls
        How many calls that are.
    """

    libraries: dict[str, str]
    modules: dict[str, str]
    needs: dict[str, list[str]]
    driver: str
    calls: int


def generate(size: Size) -> Sources:
    """Return sources, the same for the same size."""
    draw = random.Random(size.seed)  # noqa: S311
    libraries = {
        f"pynamic_library{index}": _around(draw, size.library_functions)
        for index in range(size.libraries)
    }
    theirs = [f"{name}_f{index}" for name, number in libraries.items() for index in range(number)]
    modules, needs, calls = {}, {}, 0
    for index in range(size.modules):
        name = f"pynamic_module{index}"
        number = _around(draw, size.functions)
        called = {index: draw.choice(theirs) for index in range(0, number, _CALLS_A_LIBRARY)}
        modules[name] = _module(name, number, called)
        needs[name] = sorted({one.rpartition("_")[0] for one in called.values()})
        calls += number + len(called)
    driver = _DRIVER.format(names=list(modules), calls=calls)
    texts = {name: "\n".join(_library(name, number)) for name, number in libraries.items()}
    return Sources(texts, modules, needs, driver, calls)


def _around(draw: random.Random, mean: int) -> int:
    return draw.randint(mean // 2, mean + mean // 2)


def _library(name: str, functions: int) -> Iterator[str]:
    for index in range(functions):
        yield f"long {name}_f{index}(long a, double b) {{ return 1 + 0 * (a + (long)b); }}"


def _module(name: str, functions: int, called: dict[int, str]) -> str:
    ours = [f"long {name}_f{index}(long a, double b)" for index in range(functions)]
    theirs = [f"long {one}(long a, double b)" for one in sorted(set(called.values()))]
    bodies = []
    for index, head in enumerate(ours):
        terms = ["1"]
        if index in called:
            terms.append(f"{called[index]}(a, b)")
        if (index + 1) % _DEPTH and index + 1 < functions:
            terms.append(f"{name}_f{index + 1}(a + 1, b)")
        bodies.append(f"{head} {{ return {' + '.join(terms)}; }}")
    chains = " + ".join(f"{name}_f{index}(0, 0.5)" for index in range(0, functions, _DEPTH))
    return _MODULE.format(
        name=name,
        declarations="\n".join(f"{one};" for one in [*theirs, *ours]),
        functions="\n".join(bodies),
        chains=chains,
    )
