"""Numba's kernel on CuPy's array, then NumPy's sum of it: three packages, one array.

The array never leaves the GPU: numba-cuda takes it by its
``__cuda_array_interface__``, and ``numpy.sum`` calls CuPy's by its
``__array_function__``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.device.cuda import cupy_device
from workloads.device.cuda_numba import compilation, cuda, device

if TYPE_CHECKING:
    from workloads.linalg.problems import AddOne
    from workloads.parallel.workers import Workers

_THREADS = 256

_compiled: Callable[[Callable[..., None]], Any] = cuda.jit(fastmath=False)


@_compiled
def _add_one(numbers: Any) -> None:
    i = cuda.grid(1)
    if i < numbers.size:
        numbers[i] += 1.0


def addone(problem: AddOne, workers: Workers) -> tuple[float, str]:
    """Add one and sum up on the current device."""
    cupy, _ = cupy_device()
    name = device()
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    numbers = cupy.arange(problem.n, dtype=cupy.float64)
    # Numba starts its kernel on the same stream as CuPy, the legacy default one.
    started.record()
    with compilation():
        _add_one[-(-problem.n // _THREADS), _THREADS](numbers)
    total = np.sum(numbers)
    ended.record()
    # NumPy has called CuPy's sum: the result is still on the GPU.
    assert isinstance(total, cupy.ndarray)  # noqa: S101
    found = float(total)
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return found, name
