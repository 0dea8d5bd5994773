"""What numba compiles into a function, beside its bytes of code: part of its cache's key.

numba's own key has the code's bytes and the closure: no number or name in the code, no option,
no global variable's value, no callee, and nothing that others have registered with numba.

This key has all of them, of installed packages that extend numba the version.  With a user's
own extension nothing is cached: numba runs it to compile, and it may read anything.
"""

from __future__ import annotations

import functools
import io
import os
import pickle
import re
import sys
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np
from numba.core import config, entrypoints
from numba.core.types.abstract import Type
from numba.core.types.misc import ContextManager
from numba.core.typing.templates import Signature
from numba.core.typing.typeof import Purpose, typeof, typeof_impl

from _hpcpy_memory import DIGEST_SIZE
from _hpcpy_numba_extensions import registered

# Their pickles have all that they are; the others' items are asked for.
_PICKLED: tuple[type, ...] = (NoneType, int, float, complex, str, bytes, type(...), slice, range)
_PICKLED += (Enum, np.generic, np.dtype, np.ndarray, tuple, list, dict, Signature)
# numba knows these by themselves.  The first question for another's type takes 5 ms.
_BY_NAME = (BuiltinFunctionType, ModuleType, np.ufunc, type(np.sum))
_COUNTS = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags")
_CODE = (*_COUNTS, "co_code", "co_exceptiontable", "co_names", "co_varnames", "co_cellvars")
# How a dispatcher, a ufunc, a wrapper of numba's or a stencil compiles.
_OPTIONS = ("targetoptions", "locals", "sin", "sout", "options", "neighborhood")
# What numba compiles of a class: of a namedtuple, a jitclass, an enumeration with its aliases.
_OF_CLASS = ("_fields", "_field_defaults", "class_type", "_member_map_")
# What of a type changes while numba compiles.
_PASSING = {"name", "_code", "_depth", "_impl_keys"}
# numba, and what it knows by itself.
_LIBRARIES = {"llvmlite", "numba", "numba_cuda", "numpy", *sys.builtin_module_names}


class NotDescribedError(Exception):
    """Nobody can tell that a function's code is the same in each process: it is not cached."""


def of(function: FunctionType, owner: Any, signature: Any) -> bytes:
    """Return bytes that differ where the code may that is compiled of a function.

    `owner` is its dispatcher or wrapper of numba's, None if it has none; `signature` has the
    types of its arguments.  It may raise NotDescribedError.
    """
    types = tuple(getattr(signature, "args", signature))
    try:
        parts = [_extensions(), types, *_options(owner), function]
        return _Pickler({id(owner): (0, owner)}, [id(owner)]).pickled(parts)
    except Exception as error:  # Objects of any kind are asked.
        raise NotDescribedError(f"{function.__qualname__}: {error!r}") from error


def _extensions() -> list[Any]:
    """Return which modules have registered something with numba, and their versions."""
    entrypoints.init_all()  # They may register more.
    spaces = (getattr(each, "__globals__", {}) for each in typeof_impl.registry.values())
    modules = [*registered, *((space.get("__name__"), True) for space in spaces)]
    return [(*each, version) for each in modules if (version := _extension(each[0]))]


def _extension(module: Any) -> str:
    """Return the version of a module whose code numba runs to compile; "" is numba's own."""
    if (version := _version(module)) is None:
        raise NotDescribedError(f"{module} extends numba, and is not installed")
    return version


def _options(owner: Any) -> list[Any]:
    """Return how a dispatcher or a wrapper compiles."""
    compiler = getattr(owner, "_compiler", owner)
    own = getattr(compiler, "__dict__", {})
    if "_hpcpy_options" not in own:
        # Once, and apart from whoever asks: compiling takes entries out of `parallel={...}`.
        values = [getattr(compiler, name, None) for name in _OPTIONS]
        rule = own.get("targetoptions", {}).get("inline")
        run = (rule, getattr(compiler, "pipeline_class", None))
        values += [_extension(each.__module__) for each in run if callable(each)]
        own["_hpcpy_options"] = _Pickler({}, []).pickled(values)
    # A wrapper belongs to one compilation of a function.
    kernel = getattr(getattr(owner, "fndesc", None), "mangled_name", None)
    return [type(owner), kernel, config.BOUNDSCHECK, np.__version__, own["_hpcpy_options"]]


class _Pickler(pickle.Pickler):
    """Pickles a function or a value, with all that it uses, so that nobody can load it."""

    def __init__(self, seen: dict[int, tuple[int, Any]], path: list[int]) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, 4)
        # Not by which objects are the same: that differs once a file is compiled.
        self.fast = True
        self._seen = seen  # by their addresses, which nothing else gets: their numbers
        self._path = path  # of numba's, each of which calls the next

    def pickled(self, value: Any) -> bytes:
        self.dump(value)
        return self._file.getvalue()

    def persistent_id(self, value: Any) -> Any:
        """Return what is pickled in place of a value, None if it is that value."""
        if isinstance(value, _PICKLED):
            return None
        if isinstance(value, (set, frozenset)):
            return sorted(value, key=repr)
        if isinstance(value, CodeType):
            return [getattr(value, name) for name in (*_CODE, "co_consts")]
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """Return a description of what has a name and may use itself; the second time a number."""
        function, owner = _of_numba(value)
        key = id(value if owner is None else owner)
        if key in self._path[:-1]:
            raise NotDescribedError(f"{function.__qualname__} calls itself through another")
        if key in self._seen:
            return self._seen[key][0]
        parts = [getattr(value, name, "") for name in ("__module__", "__qualname__")]
        if isinstance(function, (FunctionType, type, Type)):
            self._seen[key] = len(self._seen), value
        if owner is not None and isinstance(function, FunctionType):
            inner = _Pickler(self._seen, [*self._path, key])
            parts.append(inner.pickled([*_options(owner), function]))
        elif isinstance(value, FunctionType):
            parts += _used(value)
        elif isinstance(value, Type):
            parts += _of_type(value)
        elif isinstance(value, type):
            parts += [getattr(value, name, None) for name in _OF_CLASS]
        elif not isinstance(value, _BY_NAME) and _is_compiled_in(value):
            raise NotDescribedError(repr(value))
        return parts


def _used(function: FunctionType) -> list[Any]:
    """Return a function's code, and what its names stand for now."""
    code, namespace = function.__code__, function.__globals__
    parts = [code, function.__defaults__, function.__kwdefaults__]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            parts.append((name, cell.cell_contents))
        except ValueError:  # it has no value yet
            continue
    # The names of a library have the values of its version.
    modules = [] if _version(namespace.get("__name__")) == "" else [namespace]
    for module in modules:
        for name in sorted(_names(code) & module.keys()):
            value = module[name]
            if not isinstance(value, ModuleType):
                parts.append((name, value))
            elif all(vars(value) is not known for known in modules):
                modules.append(vars(value))
    return parts


def _names(code: CodeType) -> set[str]:
    """Return the names that code uses; getattr, for one, has them as text."""
    names = {*code.co_names, *(each for each in code.co_consts if isinstance(each, str))}
    return names.union(*(_names(each) for each in code.co_consts if isinstance(each, CodeType)))


def _of_type(kind: Any) -> list[Any]:
    """Return what a type of numba's holds, without addresses and what it works out later."""
    own = [item for item in vars(kind).items() if not hasattr(type(kind), item[0])]
    parts = [item for item in own if item[0] not in _PASSING]
    name = re.sub("(#|0x)[0-9a-f]+", "", kind.name)
    return [type(kind), name, parts, getattr(kind, "dispatcher", None)]


def _of_numba(value: Any) -> tuple[Any, Any]:
    """Return the function of an object of numba's, and what has its options."""
    if not type(value).__module__.startswith("numba."):
        return value, None
    if kernel := getattr(value, "kernel_ir", None):  # a stencil's
        return kernel.func_id.func, value
    owner = getattr(value, "_dispatcher", getattr(value, "gufunc_builder", value))
    names = ("py_func", "_pyfunc", "_defn")  # the second of a callback, the third an intrinsic's
    return next((getattr(owner, name) for name in names if hasattr(owner, name)), value), owner


def _is_compiled_in(value: Any) -> bool:
    """Tell whether numba has a type for a value; others Python looks up when the code runs."""
    try:
        kind = typeof(value, Purpose.constant)
    except Exception:  # It looks into objects of any kind.
        return False
    return not isinstance(kind, ContextManager)  # of a `with`


@functools.cache
def _version(module: Any) -> str | None:
    """Return what tells versions of a module apart, "" of numba's, None of a user's own."""
    name = str(module).partition(".")[0]
    if name in _LIBRARIES:
        return ""
    package = sys.modules.get(name)
    file = getattr(package, "__file__", None) or ""
    if "-packages/" not in file:
        return "" if file.startswith(os.path.dirname(os.__file__)) else None
    if bundle := getattr(getattr(package, "__loader__", None), "bundle", None):
        return bytes(bundle.data[-DIGEST_SIZE:]).hex()
    # A new installation writes the folder.
    paths = [*getattr(package, "__path__", ()), getattr(sys.modules.get(module), "__file__", file)]
    return repr([(each.st_mtime_ns, each.st_size) for each in map(os.stat, paths)])
