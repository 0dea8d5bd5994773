"""CuPy: one CUDA C kernel, compiled at run time, one thread a pixel."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.errors import UnavailableError
from workloads.harness import caches
from workloads.mandel.cuda import NO_DEVICE

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid

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
# NVIDIA's compiler fuses multiply and add unless told not to.
_OPTIONS = ("-fmad=false",)
_THREADS = 128


@functools.cache
def _kernel() -> tuple[Any, Any, str]:
    """Return cupy, the compiled kernel, and the device's name."""
    if not caches.provide("CUPY_CACHE_DIR", "cupy"):
        os.environ["CUPY_CACHE_IN_MEMORY"] = "1"
    import cupy  # noqa: PLC0415

    try:
        name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise UnavailableError(f"no CUDA device answers ({error})", hint=NO_DEVICE) from error
    kernel = cupy.RawKernel(_SOURCE, "fill", options=_OPTIONS)
    try:
        kernel.compile()
    except RuntimeError as error:
        # The driver, which --nv brings, has no compiler for CUDA C.
        raise UnavailableError(
            f"CuPy cannot compile: {str(error).splitlines()[0]}",
            hint="bind the site's CUDA toolkit and put its lib64 on LD_LIBRARY_PATH",
        ) from error
    return cupy, kernel, name


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` on the current device; its copy back is part of the time."""
    cupy, kernel, name = _kernel()
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    xs, ys = map(cupy.asarray, grid.axes(rows))
    result = cupy.empty(out.shape, cupy.int32)
    scalars = np.int64(grid.width), np.int64(out.size), np.int32(grid.maxiter)
    started.record()
    kernel((-(-out.size // _THREADS),), (_THREADS,), (xs, ys, *scalars, result))
    ended.record()
    result.get(out=out)
    team.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return name
