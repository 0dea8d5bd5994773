"""Three packages on one array of the GPU: CuPy makes it, Numba changes it, NumPy sums it up."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import cupy as cp
import numpy as np
from numba import cuda

if TYPE_CHECKING:
    from workloads.device.cuda import GpuClock

_THREADS = 256


@cuda.jit(fastmath=False)
def add_one(numbers: Any) -> None:
    """Add one to an element."""
    i = cuda.grid(1)
    if i < numbers.size:
        numbers[i] += 1.0


def addone(n: int, gpu_clock: GpuClock) -> float:
    """Add one to each of the first numbers; return the sum."""
    numbers = cp.arange(n, dtype=cp.float64)
    # Numba starts its kernel on the same stream as CuPy, the legacy default one, and takes
    # the array by its __cuda_array_interface__.
    with gpu_clock():
        add_one[-(-n // _THREADS), _THREADS](numbers)
        total = np.sum(numbers)
    # NumPy has called CuPy's sum by __array_function__: the result is still on the GPU.
    assert cp.get_array_module(total) is cp  # noqa: S101
    return float(total)


if __name__ == "__main__":
    print(addone(10_000_000, nullcontext))
