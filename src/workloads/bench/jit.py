"""Numba's decorators, with what all workloads ask of them.

Import this module before numba: it sets how many threads there may be.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from workloads.bench import machine
from workloads.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
# A function that becomes a ufunc.
Decorator: TypeAlias = Callable[[Callable[..., Any]], Any]

# Numba starts its threads once, and never more than this. By default it
# is the number of cores, and --workers may ask for more.
os.environ.setdefault("NUMBA_NUM_THREADS", str(max(machine.cores(), 8)))

# Not an import statement: those are sorted to the top of the file.
numba: Any = importlib.import_module("numba")


def njit(signature: str, *, parallel: bool = False) -> Callable[[F], F]:
    """Return Numba's decorator for one explicit signature.

    That is compiled at import, so no timing includes it. The function releases the
    GIL. Without ``fastmath`` LLVM neither reorders nor fuses floating-point operations.
    """
    decorator: Callable[[F], F] = numba.njit(signature, cache=True, parallel=parallel, nogil=True)
    return decorator


def vectorize(signature: str, *, parallel: bool = False) -> Decorator:
    """Return the decorator that makes a scalar function a NumPy ufunc."""
    target = "parallel" if parallel else "cpu"
    decorator: Decorator = numba.vectorize([signature], target=target, cache=True)
    return decorator


def use_threads(count: int) -> None:
    """Have parallel kernels run in `count` threads, or raise a UsageError for too many."""
    most = numba.config.NUMBA_NUM_THREADS
    if count > most:
        raise UsageError(
            f"--workers {count}: Numba was started for at most {most} threads",
            hint=f"set NUMBA_NUM_THREADS={count}",
        )
    numba.set_num_threads(count)
