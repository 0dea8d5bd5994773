"""What numba compiles into a function, beside its bytes of code: part of its cache's key.

numba's own key has the code's bytes and the closure.  Two lambdas on a line have the same
bytes if they differ in a number or a name alone, and the same function with other options
does; a global variable's value, and what a callee does, are in no key at all.

A function that uses an object of an extension of numba's is not cached: what that compiles
into it is anyone's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import Enum, EnumMeta
from types import CodeType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np
from numba.core import config
from numba.core.errors import NumbaError
from numba.core.types.abstract import Type
from numba.core.types.misc import ContextManager
from numba.core.typing.typeof import Purpose, typeof

_SCALARS: tuple[type, ...] = (NoneType, bool, int, float, complex, str, bytes, type(...))
_SCALARS += (Enum, np.generic, np.dtype, Type)
# How a dispatcher, a ufunc or a wrapper of numba's compiles.
_OPTIONS = ("targetoptions", "locals", "pipeline_class", "sin", "sout")


class NotDescribedError(Exception):
    """A function uses what has no description that is the same in each process."""


def of(function: FunctionType, owner: Any) -> bytes:
    """Return bytes that differ where the code may that is compiled of a function.

    `owner` is its dispatcher or wrapper of numba's, None if it has none.

    Raises
    ------
    NotDescribedError
        Nobody can tell that the code is the same: it must not be cached.
    """
    return repr([_options(owner, {}), _function(function, {})]).encode()


def closure(function: FunctionType) -> tuple[Any, ...]:
    """Return the values in a function's closure that `of` does not describe.

    numba's key has all of them by pickle, in which a dispatcher is another in each process.
    """
    return tuple(
        cell.cell_contents
        for cell in function.__closure__ or ()
        if not _is_described(cell.cell_contents)
    )


def _is_described(value: Any) -> bool:
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_is_described, value))
    described = (*_SCALARS, EnumMeta, np.ndarray, FunctionType)
    return isinstance(getattr(value, "py_func", value), described)


def _options(owner: Any, seen: dict[int, int]) -> list[Any]:
    compiler = getattr(owner, "_compiler", owner)
    options = [_value(getattr(compiler, name, None), seen) for name in _OPTIONS]
    # A wrapper belongs to one compilation of a function.
    kernel = getattr(getattr(owner, "fndesc", None), "mangled_name", None)
    return [type(owner).__qualname__, kernel, config.BOUNDSCHECK, *options]


def _function(function: FunctionType, seen: dict[int, int]) -> list[Any]:
    """Describe a function by its code and by the values that its names have now."""
    code = function.__code__
    names = sorted(set(_names(code)))
    parts: list[Any] = [_code(code), _value(function.__defaults__, seen)]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            parts.append([name, _value(cell.cell_contents, seen)])
        except ValueError:  # it has no value yet
            continue
    modules = [function.__globals__]
    for module in modules:
        for name in names:
            value = module.get(name)
            if not isinstance(value, ModuleType):
                parts.append([name, _value(value, seen)])
            elif all(vars(value) is not known for known in modules):
                modules.append(vars(value))
    return parts


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _code(code: CodeType) -> list[Any]:
    constants = [_code(c) if isinstance(c, CodeType) else _value(c, {}) for c in code.co_consts]
    return [code.co_code.hex(), code.co_names, code.co_varnames, code.co_cellvars, constants]


def _value(value: Any, seen: dict[int, int]) -> list[Any]:
    """Describe a value by what has the same `repr` in each process."""
    parts: list[Any]
    if isinstance(value, _SCALARS):
        parts = [repr(value), repr(getattr(value, "value", None))]
    elif isinstance(value, EnumMeta):
        # With the aliases, which are no members.
        members: dict[str, Any] = dict(value.__members__)
        parts = [[name, _value(each, seen)] for name, each in members.items()]
    elif isinstance(value, dict):
        parts = sorted(([repr(k), _value(v, seen)] for k, v in value.items()), key=repr)
    elif isinstance(value, (set, frozenset)):
        parts = sorted((_value(member, seen) for member in value), key=repr)
    elif isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None)  # of a namedtuple
        parts = [fields, *(_value(member, seen) for member in value)]
    elif isinstance(value, (slice, range)):
        parts = [_value(each, seen) for each in (value.start, value.stop, value.step)]
    elif isinstance(value, np.ndarray):
        content = hashlib.sha256(value.tobytes()).hexdigest()
        parts = [repr(value.dtype), value.shape, value.flags.f_contiguous, content]
    else:
        parts = _object(value, seen)
    return [type(value).__qualname__, *parts]


def _object(value: Any, seen: dict[int, int]) -> list[Any]:
    """Describe a function, of Python or numba's, by its code, a class or a built-in by its name."""
    if id(value) in seen:  # It calls itself.
        return [seen[id(value)]]
    if jitted := getattr(value, "class_type", None):
        seen[id(value)] = len(seen)
        made = (jitted.jit_methods, jitted.jit_props, jitted.jit_static_methods)
        return [repr(jitted.struct), *(_value(each, seen) for each in made)]
    owner = getattr(value, "_dispatcher", getattr(value, "gufunc_builder", value))
    names = ("py_func", "_pyfunc", "_defn")  # the second of a callback, the third an intrinsic's
    function = next((getattr(owner, name) for name in names if hasattr(owner, name)), owner)
    if kernel := getattr(value, "kernel_ir", None):  # a stencil's
        function = kernel.func_id.func
    if isinstance(function, FunctionType):
        seen[id(value)] = len(seen)
        return [None if function is value else _options(owner, seen), _function(function, seen)]
    if not isinstance(value, type) and _is_compiled_in(value):
        raise NotDescribedError(repr(value))
    return [getattr(value, attribute, "") for attribute in ("__module__", "__qualname__")]


def _is_compiled_in(value: Any) -> bool:
    """Tell whether numba has a type for a value; others Python looks up when the code runs."""
    try:
        kind = typeof(value, Purpose.constant)
    except (TypeError, ValueError, NumbaError):
        return False
    return not isinstance(kind, ContextManager)  # of a `with`
