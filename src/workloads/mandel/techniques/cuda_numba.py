"""Numba for CUDA: the kernel in Python, one thread a pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workloads.device.cuda_numba import compilation, cuda, device, libdevice

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_THREADS = 128

_compiled: Callable[[Callable[..., None]], Any] = cuda.jit(fastmath=False)


@_compiled
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
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
        zr2, zi2 = libdevice.dmul_rn(zr, zr), libdevice.dmul_rn(zi, zi)
        if zr2 + zi2 > 4.0:
            out[row, column] = n
            return
        zi = libdevice.dmul_rn(2.0 * zr, zi) + ci
        zr = zr2 - zi2 + cr


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on the current device; the copy back is part of the time."""
    name = device()
    xs, ys = map(cuda.to_device, grid.axes(rows))
    result = cuda.device_array(out.shape, out.dtype)
    started, ended = cuda.event(), cuda.event()
    started.record()
    with compilation():
        _fill[-(-out.size // _THREADS), _THREADS](xs, ys, grid.maxiter, result)
    ended.record()
    result.copy_to_host(out)
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return name
