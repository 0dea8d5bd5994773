"""Machine code of the image's own numba kernels, compiled when the image was built.

`_hpcpy_numba_build` writes it, a file for each level of processors; numba asks here
before it compiles a function of a bundled module (numba.patch).
All other functions are compiled and cached as in any numba, for this very
processor; so are users' functions, except those that `_hpcpy_numba_users` has.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

import _hpcpy_numba_constants
import _hpcpy_numba_needs
import _hpcpy_numba_users
from _hpcpy_folders import Loader
from _hpcpy_importer import finder
from _hpcpy_memory import DIGEST_SIZE
from _hpcpy_numba_needs import IS_STOCK, is_processor

FOLDER = f"{sys.base_prefix}/share/hpcpy/numba"
# What a processor has at each level, by LLVM's names: features of the x86-64 psABI's levels;
# of aarch64's, the processor itself, since LLVM reports few features there.
_V2 = frozenset({"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"})
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}
_GRACE = frozenset({"neoverse-v2", "sve2"})
_LEVELS = {
    "x86_64": {"x86-64-v4": _V4, "x86-64-v3": _V3, "x86-64-v2": _V2},
    "aarch64": {"neoverse-v2": _GRACE, "generic": frozenset({"neon"})},
}


def levels_of(triple: str) -> dict[str, frozenset[str]]:
    """Return the levels of an architecture, the highest first."""
    return _LEVELS.get(triple.partition("-")[0], {})


LEVELS = levels_of(sys.implementation._multiarch)

# While an image is built or a program is warmed up: all code that is compiled, by name.
recorded: dict[str, bytes] | None = None
_found: dict[tuple[str, ...], dict[str, bytes]] = {}


def recording() -> bool:
    """Tell whether compiled code is recorded, to be written."""
    return recorded is not None


def stamp() -> bytes:
    """Return the digest of the bundle, to whose modules, numba among them, the code belongs."""
    return bytes(finder().bundle.data[-DIGEST_SIZE:])


def level(target: tuple[str, ...]) -> str:
    """Return the highest level whose code runs on a target of numba's; "" if there is none.

    A target is, as numba's code generator has it, triple, processor and features.
    """
    triple, processor, features = target
    levels = levels_of(triple)
    if processor in levels and not features:  # NUMBA_CPU_NAME
        return processor
    has = {processor, *(name[1:] for name in features.split(",") if name.startswith("+"))}
    return next((name for name, needs in levels.items() if needs <= has), "")


def _entries(codegen: Any) -> dict[str, bytes]:
    if IS_STOCK or (recorded is not None and _hpcpy_numba_users.recorded is None):
        return {}
    target = codegen.magic_tuple()
    entries = _found.get(target)
    if entries is None:
        highest = level(target)
        names = list(LEVELS)
        runnable = names[names.index(highest) :] if highest else []
        entries = _found[target] = {}
        entries |= _of_image(highest)
        entries |= _hpcpy_numba_users.entries(runnable, stamp())
    return entries


def _of_image(name: str) -> dict[str, bytes]:
    file = f"{FOLDER}/{name}.bin"
    try:
        if finder().bundle.has_files:
            from _hpcpy_files import read  # noqa: PLC0415

            return _hpcpy_numba_users.unpacked(file, read(file), stamp())
        return _hpcpy_numba_users.read(file, stamp())
    except (OSError, ValueError):
        return {}


def kernel(function: FunctionType, kind: str, owner: Any) -> str:
    """Return the name under which a function's code is kept, "" if it is not kept.

    It is kept for functions of the image's modules, and for those that a user has warmed up.
    `kind` is numba's prefix of a cached file's name, "" for the function itself; `owner` is
    its dispatcher, which says for what it is compiled, and how.
    """
    if IS_STOCK:
        return ""
    module = sys.modules.get(function.__module__)
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    of_users = ""
    if not isinstance(loader, Loader) or loader.bundle is not finder().bundle:
        if not _hpcpy_numba_users.is_in_use():
            return ""
        found = _hpcpy_numba_users.source(function, stamp())
        if not found:
            return ""
        of_users = f"{_hpcpy_numba_users.PREFIX}{found} "
    options = sorted(getattr(owner, "targetoptions", {}).items())
    line = function.__code__.co_firstlineno
    how = f"{kind} {type(owner).__name__} {options!r}"
    return f"{of_users}{function.__module__}.{function.__qualname__}:{line} {how}"


def _key(name: str, signature: Any, function: FunctionType) -> str:
    """Return the name of a function's code for some types: users' belong to values, too."""
    of_users = name.startswith(_hpcpy_numba_users.PREFIX)
    constants = _hpcpy_numba_constants.digest(function) if of_users else ""
    return f"{name} {signature}{constants}"


def load(name: str, signature: Any, function: FunctionType, context: Any) -> Any:
    """Return what numba's cache would have for a kernel, None if its code is not kept."""
    held = None
    if is_processor(context):
        entries = _entries(context.codegen())
        held = entries.get(_key(name, signature, function))
        if held is None and recorded is None and name.startswith(_hpcpy_numba_users.PREFIX):
            others = any(key.startswith(f"{name} {signature}") for key in entries)
            _hpcpy_numba_users.tell_missing(name, signature, has_others=others)
    return None if held is None else pickle.loads(held)  # noqa: S301


def save(name: str, signature: Any, function: FunctionType, content: Any) -> None:
    """Record a compiled kernel, while an image is built or a program is warmed up."""
    _keep(_key(name, signature, function), content)


def _keep(name: str, content: Any) -> None:
    if recorded is not None:
        from numba.core.serialize import dumps  # noqa: PLC0415

        recorded[name] = dumps(content)


def mark(loaded: Any) -> Any:
    """Mark a kernel as the image's, so that its wrappers are loaded, too, and return it."""
    getattr(loaded, "library", loaded).is_of_image = True
    return loaded


def library(name: str, codegen: Any, build: Callable[[], Any]) -> Any:
    """Return a library of numba's own: the image's, or one that `build` makes now."""
    held = _entries(codegen).get(name)
    if held is not None:
        with _hpcpy_numba_needs.nothing():
            return codegen.unserialize_library(pickle.loads(held))  # noqa: S301
    made = build()
    if recorded is None:
        made.finalize()
        return made
    made.enable_object_caching()
    made.finalize()
    _keep(name, made.serialize_using_object_code())
    return made


def wrapper(kind: str, compiled: Any, build: Callable[[], Any]) -> Any:
    """Return the wrapper that NumPy calls for a ufunc, which numba itself never caches."""
    name = f"{kind} {compiled.fndesc.llvm_func_name}"
    codegen = compiled.library.codegen
    if recorded is None and not getattr(compiled.library, "is_of_image", False):
        return build()
    from numba.np.ufunc.wrappers import _wrapper_info  # noqa: PLC0415

    built: list[Any] = []

    def build_library() -> Any:
        built.append(build())
        return built[0].library

    made = library(name, codegen, build_library)
    if built:
        _keep(f"name of {name}", built[0].name)
        return built[0]
    held = _entries(codegen)[f"name of {name}"]
    return _wrapper_info(made, compiled.environment, pickle.loads(held))  # noqa: S301
