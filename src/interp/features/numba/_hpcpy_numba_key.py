"""What numba compiles into a function, beside its bytes of code: part of its cache's key.

numba's own key has the code's bytes and the closure.  Two lambdas on a line have the same
bytes if they differ in a number or a name alone, and the same function with other options
does; a global variable's value, and what a callee does, are in no key at all.

A function that uses an object of an extension of numba's is not cached: what that compiles
into it is anyone's.  Nor is one that calls itself through another, whose code numba cannot link.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from enum import Enum, EnumMeta
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np
from numba.core import config
from numba.core.types.abstract import Type
from numba.core.types.containers import BaseNamedTuple
from numba.core.types.misc import ContextManager
from numba.core.typing.templates import builtin_registry
from numba.core.typing.typeof import Purpose, typeof

_SCALARS: tuple[type, ...] = (NoneType, bool, int, str, bytes, type(...), Enum, np.dtype, Type)
# Not by repr: a NaN has a sign, and bits of its own.
_NUMBERS = (float, complex, np.generic)
# numba knows these by themselves.  The first question for another's type takes 5 ms.
_BY_NAME = (BuiltinFunctionType, np.ufunc, type(np.sum))
# How a dispatcher, a ufunc, a wrapper of numba's or a stencil compiles.
_OPTIONS = ("targetoptions", "locals", "pipeline_class", "sin", "sout", "options", "neighborhood")


class NotDescribedError(Exception):
    """A function uses what has no description that is the same in each process."""


def of(function: FunctionType, owner: Any, signature: Any) -> bytes:
    """Return bytes that differ where the code may that is compiled of a function.

    `owner` is its dispatcher or wrapper of numba's, None if it has none; `signature` has the
    types of its arguments.

    Raises
    ------
    NotDescribedError
        Nobody can tell that the code is the same: it must not be cached.
    """
    try:
        parts = [_options(owner), _Descriptions(owner).function(function)]
    except RecursionError as error:
        raise NotDescribedError(repr(function)) from error
    return repr([*parts, sorted(set(_fields(signature, set())))]).encode()


def _fields(kind: Any, known: set[int]) -> Iterator[str]:
    """Yield the fields of namedtuples in a type, which has their class by its name alone."""
    if id(kind) in known:  # A deferred type may have itself within.
        return
    known.add(id(kind))
    if isinstance(kind, BaseNamedTuple):
        yield repr((kind.instance_class.__qualname__, kind.fields))
    parts = vars(kind).values() if isinstance(kind, Type) else getattr(kind, "args", kind)
    for part in parts:
        if isinstance(part, (Type, tuple)):
            yield from _fields(part, known)


def _options(owner: Any) -> list[Any]:
    """Describe how a dispatcher or a wrapper compiles."""
    compiler = getattr(owner, "_compiler", owner)
    own = getattr(compiler, "__dict__", {})
    if (options := own.get("_hpcpy_options")) is None:
        # Once, and apart from whoever asks: compiling takes entries out of `parallel={...}`.
        own["_hpcpy_options"] = options = []
        values = (getattr(compiler, name, None) for name in _OPTIONS)
        options += map(_Descriptions(None).value, values)
    # A wrapper belongs to one compilation of a function.
    kernel = getattr(getattr(owner, "fndesc", None), "mangled_name", None)
    return [type(owner).__qualname__, kernel, config.BOUNDSCHECK, *options]


@functools.lru_cache(maxsize=1)
def _overloads(*_counts: int) -> dict[object, list[FunctionType]]:
    """Return what users compile in place of a function, by its id, and of an attribute, by name."""
    functions: dict[object, list[FunctionType]] = {}
    rows = [(id(value), getattr(kind, "templates", ())) for value, kind in builtin_registry.globals]
    rows += [(each._attr, [each]) for each in builtin_registry.attributes if hasattr(each, "_attr")]
    for key, templates in rows:
        for template in templates:
            function = getattr(template, "_overload_func", None)
            # numba's own have its module, or none where it has made their text.
            if isinstance(function, FunctionType) and not _is_numbas(function):
                functions.setdefault(key, []).append(function)
    return functions


def _is_numbas(function: FunctionType) -> bool:
    return (function.__module__ or "numba.").startswith("numba.")


class _Descriptions:
    """What has the same `repr` in each process, of one function and of all that it uses."""

    def __init__(self, owner: Any) -> None:
        self._seen = {id(owner): 0}  # the functions on the way, by their number
        self._path = [id(owner)]  # those of numba's that are being described
        registered = (builtin_registry.globals, builtin_registry.attributes)
        self._overloads = _overloads(*map(len, registered))

    def function(self, function: FunctionType) -> list[Any]:
        """Describe a function by its code and by the values that its names have now."""
        code = function.__code__
        names = sorted(set(_names(code)))
        parts: list[Any] = [self.code(code), self.value(function.__defaults__)]
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                parts.append([name, self.value(cell.cell_contents)])
            except ValueError:  # it has no value yet
                continue
        modules = [function.__globals__]
        for module in modules:
            for name in names:
                value = module.get(name)
                if not isinstance(value, ModuleType):
                    parts.append([name, self.value(value)])
                elif all(vars(value) is not known for known in modules):
                    modules.append(vars(value))
        attributes = (each for name in names for each in self._overloads.get(name, ()))
        return [*parts, *map(self.value, attributes)]

    def code(self, code: CodeType) -> list[Any]:
        constants = [
            self.code(each) if isinstance(each, CodeType) else self.value(each)
            for each in code.co_consts
        ]
        return [code.co_code.hex(), code.co_names, code.co_varnames, code.co_cellvars, constants]

    def value(self, value: Any) -> list[Any]:
        parts: Sequence[Any]
        if isinstance(value, _NUMBERS):
            number = np.asarray(value)
            parts = [repr(number.dtype), number.tobytes().hex()]
        elif isinstance(value, _SCALARS):
            parts = [repr(value), repr(getattr(value, "value", None))]
        elif isinstance(value, np.ndarray):
            content = hashlib.sha256(value.tobytes()).hexdigest()
            parts = [repr(value.dtype), value.shape, value.flags.f_contiguous, content]
        elif isinstance(value, (slice, range)):
            parts = [self.value(each) for each in (value.start, value.stop, value.step)]
        elif isinstance(value, (tuple, list)):
            fields = getattr(value, "_fields", None)  # of a namedtuple
            parts = [fields, *map(self.value, value)]
        elif isinstance(value, dict):
            parts = sorted(([repr(k), self.value(v)] for k, v in value.items()), key=repr)
        elif isinstance(value, (set, frozenset)):
            parts = sorted(map(self.value, value), key=repr)
        elif isinstance(value, type):
            parts = self._class(value)
        else:
            parts = self._object(value)
        return [type(value).__qualname__, *parts]

    def _class(self, value: Any) -> list[Any]:
        """Describe a class by its name, and by what numba compiles of some."""
        name = [value.__module__, value.__qualname__]
        if isinstance(value, EnumMeta):
            # With the aliases, which are no members.
            members: dict[str, Any] = dict(value.__members__)
            return [*name, *([each, self.value(of)] for each, of in members.items())]
        if issubclass(value, tuple):
            own = [getattr(value, part, None) for part in ("_fields", "_field_defaults")]
            return [*name, *map(self.value, own)]
        jitted = getattr(value, "class_type", None)
        if type(value).__module__.startswith("numba.") and jitted:
            if id(value) in self._seen:
                return [self._seen[id(value)]]
            self._seen[id(value)] = len(self._seen)
            made = (jitted.jit_methods, jitted.jit_props, jitted.jit_static_methods)
            return [*name, repr(jitted.struct), *map(self.value, made)]
        return name

    def _object(self, value: Any) -> list[Any]:
        """Describe a function, of Python or numba's, by its code, a built-in by its name."""
        function, owner = value, None
        if type(value).__module__.startswith("numba"):
            function, owner = _of_numba(value)
        if not isinstance(function, FunctionType):
            if not isinstance(value, _BY_NAME) and _is_compiled_in(value):
                raise NotDescribedError(repr(value))
            return [getattr(value, part, "") for part in ("__module__", "__qualname__")]
        key = id(value if owner is None else owner)
        if owner is not None and key in self._path[:-1]:
            raise NotDescribedError(f"{function.__qualname__} calls itself through another")
        if key in self._seen:
            return [self._seen[key]]
        self._seen[key] = len(self._seen)
        if owner is None:
            return [self.function(function), *map(self.value, self._overloads.get(key, ()))]
        self._path.append(key)
        parts = [_options(owner), self.function(function)]
        self._path.pop()
        return parts


def _of_numba(value: Any) -> tuple[Any, Any]:
    """Return the function of an object of numba's, and what has its options."""
    if kernel := getattr(value, "kernel_ir", None):  # a stencil's
        return kernel.func_id.func, value
    owner = getattr(value, "_dispatcher", getattr(value, "gufunc_builder", value))
    names = ("py_func", "_pyfunc", "_defn")  # the second of a callback, the third an intrinsic's
    return next((getattr(owner, name) for name in names if hasattr(owner, name)), value), owner


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_compiled_in(value: Any) -> bool:
    """Tell whether numba has a type for a value; others Python looks up when the code runs."""
    try:
        kind = typeof(value, Purpose.constant)
    except Exception:  # It looks into objects of any kind.
        return False
    return not isinstance(kind, ContextManager)  # of a `with`
