"""The values that numba compiles into a function: those of its closure and global variables.

`hpcpy_warmup` keeps a function for the values that they had, such as an ``N`` that the
program read from its command line; with other values it is another function.
"""

from __future__ import annotations

import dis
import hashlib
from collections.abc import Iterator
from enum import Enum
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any

_SCALARS = (NoneType, bool, int, float, complex, str, bytes, Enum)


def digest(function: FunctionType) -> str:
    """Return a hash of a function's constants, and of those of numba's functions that it calls.

    It is "" if there is none.
    """
    found = sorted(set(_constants(function, set())))
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


def _constants(function: FunctionType, seen: set[FunctionType]) -> Iterator[tuple[str, str]]:
    if function in seen:
        return
    seen.add(function)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    for is_in_closure, (name, *attributes) in _loaded(function.__code__):
        try:
            value = cells[name].cell_contents if is_in_closure else function.__globals__[name]
        except (KeyError, ValueError):  # a builtin, or a name that has no value yet
            continue
        for attribute in attributes:
            if isinstance(value, ModuleType):
                value = vars(value).get(attribute)
        where = f"{function.__module__}.{function.__qualname__}"
        yield from _described(f"{where}: {'.'.join([name, *attributes])}", value, seen)


def _loaded(code: CodeType) -> Iterator[tuple[bool, list[str]]]:
    """Yield what code loads by name, with attributes, and whether it is of the closure."""
    is_in_closure, path = False, list[str]()
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_ATTR" and path:
            path.append(instruction.argval)
            continue
        if path:
            yield is_in_closure, path
        is_in_closure = instruction.opname == "LOAD_DEREF"
        is_named = is_in_closure or instruction.opname == "LOAD_GLOBAL"
        path = [instruction.argval] if is_named else []
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loaded(constant)


def _described(name: str, value: Any, seen: set[FunctionType]) -> Iterator[tuple[str, str]]:
    """Describe a value by text that is the same in each process, if numba may compile it in."""
    import numpy as np  # noqa: PLC0415
    from numba.core.types import Type  # noqa: PLC0415

    if isinstance(value, tuple):
        yield name, f"{type(value).__qualname__} of {len(value)}"
        for index, member in enumerate(value):
            yield from _described(f"{name}[{index}]", member, seen)
    elif isinstance(value, np.ndarray):
        content = hashlib.sha256(value.tobytes()).hexdigest()
        yield name, f"{value.dtype} {value.shape} {content}"
    elif isinstance(value, (*_SCALARS, np.generic, np.dtype, Type)):
        yield name, f"{type(value).__qualname__} {value!r}"
    elif hasattr(value, "__qualname__"):
        yield name, f"{getattr(value, '__module__', '')}.{value.__qualname__}"
        if isinstance(callee := getattr(value, "py_func", None), FunctionType):
            yield from _constants(callee, seen)
