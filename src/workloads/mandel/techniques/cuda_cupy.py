"""CuPy: one CUDA C kernel, compiled at run time, one thread a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.device.cuda import cupy_kernel

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_SOURCE = """
extern "C" __global__ void fill(const double *xs, const double *ys, const long long width,
                                const long long pixels, const int maxiter, int *out)
{
    const long long pixel = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (pixel >= pixels)
        return;
    const double cr = xs[pixel % width], ci = ys[pixel / width];
    double zr = cr, zi = ci;
    int result = maxiter - 1;
    for (int n = 0; n < maxiter; n++) {
        const double zr2 = zr * zr, zi2 = zi * zi;
        if (zr2 + zi2 > 4.0) {
            result = n;
            break;
        }
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
    }
    out[pixel] = result;
}
"""
_THREADS = 128


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on the current device; the copy back is part of the time."""
    cupy, kernel, name = cupy_kernel(_SOURCE, "fill")
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    xs, ys = map(cupy.asarray, grid.axes(rows))
    result = cupy.empty(out.shape, cupy.int32)
    scalars = np.int64(grid.width), np.int64(out.size), np.int32(grid.maxiter)
    started.record()
    kernel((-(-out.size // _THREADS),), (_THREADS,), (xs, ys, *scalars, result))
    ended.record()
    result.get(out=out)
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return name
