"""Numba for CUDA: the kernel in Python, a thread for each pixel."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda
from numba.cuda.libdevice import dmul_rn

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.device.cuda import GpuClock

_THREADS = 128


@cuda.jit(fastmath=False)
def kernel(xs: Any, ys: Any, maxiter: int, out: Any) -> None:
    """Compute a pixel; Numba compiles it in its first call."""
    pixel = cuda.grid(1)
    if pixel >= out.size:
        return
    row, column = pixel // out.shape[1], pixel % out.shape[1]
    cr, ci = xs[column], ys[row]
    zr, zi = cr, ci
    out[row, column] = maxiter - 1
    # Numba has no option that keeps NVIDIA's compiler from fusing a product
    # with a sum, even without fastmath; dmul_rn makes it round these products.
    for n in range(maxiter):
        zr2, zi2 = dmul_rn(zr, zr), dmul_rn(zi, zi)
        if zr2 + zi2 > 4.0:
            out[row, column] = n
            return
        zi = dmul_rn(2.0 * zr, zi) + ci
        zr = zr2 - zi2 + cr


def fill(
    xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, gpu_clock: GpuClock
) -> None:
    """Copy the axes to the GPU, compute, and copy the escape times back."""
    columns, rows = cuda.to_device(xs), cuda.to_device(ys)
    result = cuda.device_array(out.shape, out.dtype)
    with gpu_clock():
        kernel[-(-out.size // _THREADS), _THREADS](columns, rows, maxiter, result)
    result.copy_to_host(out)


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    fill(xs, ys, 80, out, nullcontext)
    print(out)
