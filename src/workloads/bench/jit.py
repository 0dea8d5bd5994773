"""Numba's decorators, made safe where no cache folder can be written.

Import this module before numba: it chooses the cache folder.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any, TypeVar

from workloads.bench import caches, machine
from workloads.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def _may_cache() -> bool:
    # The image has the machine code, and its numba needs no folder. For a
    # processor without machine code there, that numba finds a folder itself.
    if importlib.util.find_spec("_hpcpy_numba"):
        return True
    return caches.provide("NUMBA_CACHE_DIR", "numba")


def _allow_threads(count: int) -> None:
    # Numba starts its threads once, and never more than this. By default it
    # is the number of cores, and --workers may ask for more.
    os.environ.setdefault("NUMBA_NUM_THREADS", str(count))


_CACHE = _may_cache()
_allow_threads(max(machine.cores(), 8))

# Not an import statement: those are sorted to the top of the file.
numba: Any = importlib.import_module("numba")


def submodule(name: str) -> Any:
    """Return a part of Numba that is not imported with it."""
    return importlib.import_module(f"numba.{name}")


def njit(signature: str, *, parallel: bool = False) -> Callable[[F], F]:
    """Return Numba's decorator for one explicit signature.

    An explicit signature is compiled at import, so that no timing includes
    it and its machine code can be put into an image. The function releases
    the GIL. Without ``fastmath`` LLVM must neither reorder nor fuse
    floating-point operations.
    """
    decorator: Callable[[F], F] = numba.njit(signature, cache=_CACHE, parallel=parallel, nogil=True)
    return decorator


def vectorize(signature: str, *, parallel: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Return the decorator that makes a scalar function a NumPy ufunc."""
    target = "parallel" if parallel else "cpu"
    decorator: Callable[[Callable[..., Any]], Any]
    decorator = numba.vectorize([signature], target=target, cache=_CACHE)
    return decorator


def guvectorize(signature: str, layout: str) -> Callable[[Callable[..., Any]], Any]:
    """Return the decorator that makes a function of arrays a generalised ufunc."""
    decorator: Callable[[Callable[..., Any]], Any]
    decorator = numba.guvectorize([signature], layout, cache=_CACHE)
    return decorator


def use_threads(count: int) -> None:
    """Have parallel kernels run in `count` threads.

    Raises
    ------
    UsageError
        For more threads than Numba was started for.
    """
    most = numba.config.NUMBA_NUM_THREADS
    if count > most:
        raise UsageError(
            f"--workers {count}: Numba was started for at most {most} threads",
            hint=f"set NUMBA_NUM_THREADS={count}",
        )
    numba.set_num_threads(count)
