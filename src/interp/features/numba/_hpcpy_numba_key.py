"""What numba compiles into a function, beside its bytes of code: part of its cache's key.

numba's own key has the code's bytes and the closure.  Two lambdas on a line have the same
bytes if they differ in a number or a name alone, and the same function with other options
does; a global variable's value, what a callee does, and what others have registered with
numba, are in no key at all.

Of what numba compiles, the key has what is compiled in.  Of what Python runs meanwhile, such
as a user's overload, it has all that can be reached; of an installed package, its version.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np
from numba.core import config, entrypoints
from numba.core.cpu_options import InlineOptions
from numba.core.types.abstract import Type
from numba.core.types.misc import ContextManager
from numba.core.typing.templates import Signature
from numba.core.typing.typeof import Purpose, typeof, typeof_impl

from _hpcpy_memory import DIGEST_SIZE
from _hpcpy_numba_extensions import registered

_SCALARS: tuple[type, ...] = (NoneType, bool, int, str, bytes, type(...), np.dtype)
# Not by repr: a NaN has a sign, and bits of its own.
_NUMBERS = (float, complex, np.generic)
# numba knows these by themselves.  The first question for another's type takes 5 ms.
_BY_NAME = (BuiltinFunctionType, ModuleType, np.ufunc, type(np.sum))
# How a dispatcher, a ufunc, a wrapper of numba's or a stencil compiles.
_OPTIONS = ("targetoptions", "locals", "pipeline_class", "sin", "sout", "options", "neighborhood")
_NAMES = ("__module__", "__qualname__", "__name__")
# What descriptors and wrappers hold, of which there is no pickle.
_HELD = ("__wrapped__", "__func__", "fget", "fset", "fdel")
# What of a class or a type changes while numba compiles, or is its place in a file.
_PASSING = {"_impl_cache", "_overload_cache", "_compiled_overloads", "_inline_overloads"}
_PASSING |= {"_code", "_depth", "_impl_keys", "_literal_type_cache", "_StructRefProxy__numba_ctor"}
_PASSING |= {"__annotations_cache__", "__firstlineno__", "__module__", "__static_attributes__"}
# numba, and what it knows by itself.
_LIBRARIES = {"llvmlite", "numba", "numba_cuda", "numpy"}
_IS_OF_PYTHON = 1 << 9  # a class's flag


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
    entrypoints.init_all()  # They may register more.
    rows = [*registered.items()]
    for kind, made in typeof_impl.registry.items():
        rows.append((getattr(made, "__globals__", {}).get("__name__", ""), [kind, made]))
    try:
        parts: list[Any] = [_Descriptions().compiled(owner, function)]
        parts.append(_Descriptions().all([tuple(getattr(signature, "args", signature))]))
        for module, entries in sorted(rows, key=lambda row: row[0]):
            if (version := _version(module)) != "":
                parts.append(_Descriptions().all(entries) if version is None else version)
    except Exception as error:  # Objects of any kind are asked.
        raise NotDescribedError(f"{function.__qualname__}: {error!r}") from error
    return repr(parts).encode()


def _options(owner: Any) -> list[Any]:
    """Describe how a dispatcher or a wrapper compiles."""
    compiler = getattr(owner, "_compiler", owner)
    own = getattr(compiler, "__dict__", {})
    if (options := own.get("_hpcpy_options")) is None:
        # Once, and apart from whoever asks: compiling takes entries out of `parallel={...}`.
        values = [getattr(compiler, name, None) for name in _OPTIONS]
        own["_hpcpy_options"] = options = _Descriptions().all(values)
    # A wrapper belongs to one compilation of a function.
    kernel = getattr(getattr(owner, "fndesc", None), "mangled_name", None)
    return [type(owner).__qualname__, kernel, config.BOUNDSCHECK, np.__version__, *options]


class _Descriptions:
    """What has the same `repr` in each process, of values and of all that they use."""

    def __init__(self) -> None:
        # By their addresses, which nothing else gets: their numbers.
        self._seen: dict[tuple[int, bool], tuple[int, Any]] = {}
        self._later: list[Any] = []
        self._path: list[int] = []  # of numba's, each of which calls the next
        self._is_run = True  # by Python, while numba compiles

    def all(self, values: Iterable[Any]) -> list[Any]:
        """Describe values, and then, without recursion, what they use."""
        later, self._later = self._later, []
        parts = [self._value(value) for value in values]
        parts += (self._content(value) for value in self._later)  # It grows.
        self._later = later
        return parts

    def compiled(self, owner: Any, function: FunctionType) -> list[Any]:
        """Describe a function of numba's by its options and code, and what it uses."""
        is_run, self._is_run = self._is_run, hasattr(owner, "_defn")
        self._seen[id(owner), False] = len(self._seen), owner
        self._path.append(id(owner))
        parts = [_options(owner), *self.all([function])]
        self._path.pop()
        self._is_run = is_run
        return parts

    def _value(self, value: Any) -> list[Any]:
        parts: Any
        if isinstance(value, _SCALARS):
            parts = [repr(value)]
        elif isinstance(value, _NUMBERS):
            number = np.asarray(value)
            parts = [repr(number.dtype), number.tobytes().hex()]
        elif isinstance(value, np.ndarray):
            content = hashlib.sha256(value.tobytes()).hexdigest()
            parts = [repr(value.dtype), value.shape, value.flags.f_contiguous, content]
        elif isinstance(value, (tuple, list)):
            fields = getattr(value, "_fields", None)  # of a namedtuple
            parts = [fields, *map(self._value, value)]
        elif isinstance(value, dict):
            parts = [self._value(item) for item in value.items()]
        elif isinstance(value, (set, frozenset)):
            parts = sorted(map(self._value, sorted(value, key=repr)), key=repr)
        else:
            parts = self._object(value)
        return [type(value).__qualname__, *parts]

    def _object(self, value: Any) -> list[Any]:
        """Describe what may have more than a name: by a number, and `all` the rest."""
        names = [getattr(value, name, "") for name in _NAMES]
        if (version := self._version(names[0])) is not None and value is _find(*names[:2]):
            return [*names, version]
        function, owner = _of_numba(value)
        if owner is not None and isinstance(function, FunctionType):
            if id(owner) in self._path[:-1]:
                raise NotDescribedError(f"{names[1]} calls itself through another")
            if seen := self._seen.get((id(owner), False)):
                return [seen[0]]
            return self.compiled(owner, function)
        if not (self._is_run or _is_compiled_in(value)):
            return names
        key = id(value), self._is_run
        if key not in self._seen:
            self._seen[key] = len(self._seen), value
            self._later.append(value)
        return [self._seen[key][0]]

    def _version(self, module: Any) -> str | None:
        version = _version(module)  # It does not tell what values are compiled in.
        return version if self._is_run or version == "" else None

    def _content(self, value: Any) -> list[Any]:
        """Describe what has a number, an object as it is pickled."""
        kind = type(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, (type, Type)):
            return self._class(value)
        if kind.__module__.startswith("llvmlite."):
            return [str(value)]
        held = [each for name in _HELD if (each := getattr(value, name, None)) is not None]
        if held or (_is_numbas(value) and kind not in (InlineOptions, Signature)):
            return self._value(held)
        try:
            state = value.__reduce_ex__(4)
        except Exception as error:
            if kind.__flags__ & _IS_OF_PYTHON and self._version(kind.__module__) is None:
                raise NotDescribedError(repr(value)) from error
            return []  # a lock, for one
        return [self._value(list(part) if isinstance(part, Iterator) else part) for part in state]

    def _class(self, value: Any) -> list[Any]:
        """Describe a class or a type of numba's."""
        own = {name: part for name, part in vars(value).items() if name not in _PASSING}
        if isinstance(value, type):
            return self._value([value.__bases__, own])
        for name in [*own]:
            if isinstance(getattr(type(value), name, None), functools.cached_property):
                del own[name]
        own["name"] = re.sub("(#|0x)[0-9a-f]+", "", value.name)  # without addresses
        return self._value([type(value), own, getattr(value, "dispatcher", None)])

    def _function(self, function: FunctionType) -> list[Any]:
        """Describe a function by its code and by the values that its names have now."""
        code, names = _code(function.__code__)
        parts = [[code], self._value([function.__defaults__, function.__kwdefaults__])]
        cells = function.__closure__ or ()
        for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
            try:
                parts.append([name, self._value(cell.cell_contents)])
            except ValueError:  # it has no value yet
                continue
        modules = [function.__globals__]
        if self._is_run:  # It may import others itself.
            package = function.__globals__.get("__package__")
            imports = (each for name in names for each in (name, f"{package}.{name}"))
            found = (name for name in imports if name in sys.modules and _version(name) is None)
            modules += (vars(sys.modules[name]) for name in found)
        for module in modules:
            is_library = self._version(module.get("__name__")) is not None
            for name in filter(module.__contains__, names):
                value = module[name]
                if isinstance(value, ModuleType):
                    if all(vars(value) is not known for known in modules):
                        modules.append(vars(value))
                elif not is_library or isinstance(value, (FunctionType, type, *_NUMBERS)):
                    parts.append([name, self._value(value)])
        return parts


def _of_numba(value: Any) -> tuple[Any, Any]:
    """Return the function of an object of numba's, and what has its options."""
    if not _is_numbas(value):
        return value, None
    if kernel := getattr(value, "kernel_ir", None):  # a stencil's
        return kernel.func_id.func, value
    owner = getattr(value, "_dispatcher", getattr(value, "gufunc_builder", value))
    names = ("py_func", "_pyfunc", "_defn")  # the second of a callback, the third an intrinsic's
    return next((getattr(owner, name) for name in names if hasattr(owner, name)), value), owner


def _is_numbas(value: Any) -> bool:
    return type(value).__module__.startswith("numba.")


def _is_compiled_in(value: Any) -> bool:
    """Tell whether numba compiles a value in; others Python looks up when the code runs."""
    if isinstance(value, (*_BY_NAME, FunctionType, Type)):
        return isinstance(value, (FunctionType, Type))
    if isinstance(value, type):
        return issubclass(value, (Enum, tuple)) or hasattr(value, "class_type")
    try:
        kind = typeof(value, Purpose.constant)
    except Exception:  # It looks into objects of any kind.
        return False
    return not isinstance(kind, ContextManager)  # of a `with`


@functools.cache
def _code(code: CodeType) -> tuple[str, list[str]]:
    """Return a digest of code, and the names that it uses; getattr, for one, has them as text."""
    names = {*code.co_names}
    parts: list[Any] = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            digest, inner = _code(constant)
            names.update(inner)
            parts.append(digest)
        else:
            parts += _Descriptions().all([constant])
            names.update([constant] if isinstance(constant, str) else [])
    parts += [code.co_flags, code.co_code, code.co_exceptiontable]
    parts += [code.co_names, code.co_varnames, code.co_cellvars]
    return hashlib.sha256(repr(parts).encode()).hexdigest(), sorted(names)


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


@functools.cache
def _version(module: Any) -> str | None:
    """Return what tells versions of a module apart, "" of numba's, None of a user's own."""
    name = str(module).partition(".")[0]
    package = sys.modules.get(name)
    if package is None:
        return None
    file = getattr(package, "__file__", None) or os.__file__
    is_installed = "-packages/" in file
    is_pythons = file.startswith(os.path.dirname(os.__file__)) and not is_installed
    if name in _LIBRARIES or (name in sys.stdlib_module_names and is_pythons):
        return ""
    if bundle := getattr(getattr(package, "__loader__", None), "bundle", None):
        return bytes(bundle.data[-DIGEST_SIZE:]).hex()
    if not is_installed:
        return None
    # A new installation writes the folder.
    paths = [*getattr(package, "__path__", ()), getattr(sys.modules.get(module), "__file__", file)]
    return repr([(each.st_mtime_ns, each.st_size) for each in map(os.stat, paths)])
