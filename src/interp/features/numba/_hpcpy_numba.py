"""Machine code of the workloads' numba kernels, compiled when the image was built.

`_hpcpy_numba_build` writes it, a file for each level of processors, and numba asks here
before it compiles a function of theirs (numba.patch).  Users' functions are never asked
for here: they have numba's own cache, and its key is this one's, too.
"""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Callable
from functools import cached_property
from types import FunctionType
from typing import Any

from numba.core.caching import FunctionCache, NullCache

from _hpcpy_importer import finder
from _hpcpy_memory import DIGEST_SIZE
from _hpcpy_numba_levels import level
from _hpcpy_numba_needs import IS_STOCK

FOLDER = f"{sys.base_prefix}/share/hpcpy/numba"

# While an image is built: all code that is compiled, by its key.
recorded: dict[str, bytes] | None = None
_read: dict[tuple[str, ...], dict[str, bytes]] = {}


def stamp() -> bytes:
    """Return the digest of the bundle, to whose modules, numba among them, the code belongs."""
    return bytes(finder().bundle.data[-DIGEST_SIZE:])


def cache(function: FunctionType, owner: Any) -> FunctionCache:
    """Return a function's cache; `owner` is its dispatcher, which says how it is compiled."""
    return (_ImageCache if _is_of_image(function) else FunctionCache)(function, owner)


def _is_of_image(function: FunctionType) -> bool:
    """Tell whether a function is a workload's: by its code's file, and what that file is.

    Its names say nothing: `functools.wraps` takes them from another function.
    """
    spec = function.__globals__.get("__spec__")
    return (
        not IS_STOCK
        and spec is not None
        and spec.name.startswith("workloads.")
        and function.__code__.co_filename == spec.origin
        and getattr(spec.loader, "bundle", None) is finder().bundle
    )


def _entries(codegen: Any) -> dict[str, bytes]:
    """Return the image's code for a target by its key; none while the image is built."""
    target = codegen.magic_tuple()
    if recorded is None and target not in _read:
        _read[target] = _file(f"{FOLDER}/{level(target)}.bin")
    return _read.get(target, {})


def _file(path: str) -> dict[str, bytes]:
    try:
        # The interpreter as one file has it in memory.
        loader: Any = __spec__.loader
        made_for, entries = marshal.loads(loader.get_data(path))  # noqa: S302
    except OSError:
        return {}
    return entries if made_for == stamp() else {}


class _ImageCache(FunctionCache):  # type: ignore[misc]
    """The image's code of a function; numba's own cache of it where there is none.

    No folder is looked for before that.
    """

    def __init__(self, function: FunctionType, owner: Any) -> None:
        self._name, self._py_func, self._owner = repr(function), function, owner
        self._cache_path = FOLDER
        self.enable()

    @cached_property
    def _next(self) -> Any:
        try:
            return FunctionCache(self._py_func, self._owner)
        except RuntimeError:  # no folder can be written
            return NullCache()

    def _key(self, signature: Any, codegen: Any) -> str:
        # The target is the file's: code of a level runs on many.
        _, _, hashes = self._index_key(signature, codegen)
        return f"{self._py_func.__globals__['__name__']} {signature} {hashes}"

    def _load_overload(self, signature: Any, context: Any) -> Any:
        if not self._enabled:
            return None
        codegen = context.codegen()
        key = self._key(signature, codegen)
        data = _entries(codegen).get(key)
        if data is None:
            return None if recorded is not None else self._next.load_overload(signature, context)
        compiled = self._impl_class.rebuild(None, context, pickle.loads(data))  # noqa: S301
        compiled.library.key_in_image = key
        return compiled

    def _save_overload(self, signature: Any, compiled: Any) -> None:
        if recorded is None:
            self._next.save_overload(signature, compiled)
        elif self._impl_class.check_cachable(None, compiled):
            key = compiled.library.key_in_image = self._key(signature, compiled.codegen)
            recorded[key] = _dumped(self._impl_class.reduce(None, compiled))

    def flush(self) -> None:
        self._next.flush()


def wrapper(kind: str, compiled: Any, build: Callable[[], Any]) -> Any:
    """Return what NumPy calls of a ufunc: numba caches that of none, the image has its own."""
    of_kernel = getattr(compiled.library, "key_in_image", None)
    if of_kernel is None:
        return build()
    key = f"{kind} of {of_kernel}"
    if data := _entries(compiled.library.codegen).get(key):
        from numba.np.ufunc.wrappers import _wrapper_info  # noqa: PLC0415

        state, name = pickle.loads(data)  # noqa: S301
        library = compiled.library.codegen.unserialize_library(state)
        return _wrapper_info(library, compiled.environment, name)
    built = build()
    if recorded is not None:
        built.library.enable_object_caching()
        built.library.finalize()
        recorded[key] = _dumped((built.library.serialize_using_object_code(), built.name))
    return built


def _dumped(content: Any) -> bytes:
    from numba.core.serialize import dumps  # noqa: PLC0415

    dumped: bytes = dumps(content)
    return dumped
