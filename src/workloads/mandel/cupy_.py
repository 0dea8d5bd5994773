"""CUDA C, which CuPy compiles: a thread for each pixel."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import cupy as cp
import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.device.cuda import GpuClock

CUDA = """
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
# NVIDIA's compiler would fuse multiply and add.
OPTIONS = ("-fmad=false",)
_THREADS = 128
kernel = cp.RawKernel(CUDA, "fill", options=OPTIONS)  # the first call compiles it


def fill(
    xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, gpu_clock: GpuClock
) -> None:
    """Copy the axes to the GPU, compute, and copy the escape times back."""
    columns, rows = cp.asarray(xs), cp.asarray(ys)
    result = cp.empty(out.shape, cp.int32)
    scalars = np.int64(len(xs)), np.int64(out.size), np.int32(maxiter)
    with gpu_clock():
        kernel((-(-out.size // _THREADS),), (_THREADS,), (columns, rows, *scalars, result))
    result.get(out=out)


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    fill(xs, ys, 80, out, nullcontext)
    print(out)
