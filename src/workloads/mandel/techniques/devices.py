"""Devices: one kernel, a work-item or thread for a pixel, in three languages."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# Compilers for OpenCL fuse multiply and add unless told not to.
OPENCL = """
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
__kernel void fill(__global const REAL *xs, __global const REAL *ys,
                   const int width, const int maxiter, __global int *out)
{
    const size_t column = get_global_id(0), row = get_global_id(1);
    if (column >= width)
        return;
    const REAL cr = xs[column], ci = ys[row];
    REAL zr = cr, zi = ci;
    int result = maxiter - 1;
    for (int n = 0; n < maxiter; n++) {
        const REAL zr2 = zr * zr, zi2 = zi * zi;
        if (zr2 + zi2 > 4) {
            result = n;
            break;
        }
        zi = (zr + zr) * zi + ci;
        zr = zr2 - zi2 + cr;
    }
    out[row * width + column] = result;
}
"""

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

# Neighbours in a row that run as one work-group. The size is fixed, since PoCL
# compiles a kernel anew for each shape; a row is padded to a multiple of it.
_GROUP = 64
_THREADS = 128


def opencl(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Run OpenCL C on a GPU or, without one, on the CPU, in the precision of the grid."""
    from workloads.device.opencl import program  # noqa: PLC0415

    real = "float" if grid.dtype == "f4" else "double"
    cl, queue, built = program(f"#define REAL {real}{OPENCL}")
    flags = cl.mem_flags
    xs, ys = (
        cl.Buffer(queue.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=axis)
        for axis in grid.axes(rows)
    )
    result = cl.Buffer(queue.context, flags.WRITE_ONLY, out.nbytes)
    height, width = out.shape
    columns = -(-width // _GROUP) * _GROUP
    scalars = np.int32(width), np.int32(grid.maxiter)
    kernel = cl.Kernel(built, "fill")
    done = kernel(queue, (columns, height), (_GROUP, 1), xs, ys, *scalars, result)
    cl.enqueue_copy(queue, out, result)
    workers.kernel_seconds += (done.profile.end - done.profile.start) / 1e9
    return str(queue.device.name).strip()


def cupy(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Run CUDA C, compiled by CuPy; the copy back is part of the time."""
    from workloads.device.cuda import cupy_kernel  # noqa: PLC0415

    cp, kernel, name = cupy_kernel(CUDA, "fill")
    started, ended = cp.cuda.Event(), cp.cuda.Event()
    xs, ys = map(cp.asarray, grid.axes(rows))
    result = cp.empty(out.shape, cp.int32)
    scalars = np.int64(grid.width), np.int64(out.size), np.int32(grid.maxiter)
    started.record()
    kernel((-(-out.size // _THREADS),), (_THREADS,), (xs, ys, *scalars, result))
    ended.record()
    result.get(out=out)
    workers.kernel_seconds += cp.cuda.get_elapsed_time(started, ended) / 1e3
    return str(name)


@functools.cache
def numba_kernel() -> Any:
    """Return the kernel in Python; importing numba-cuda is for machines with a GPU."""
    from workloads.device.cuda_numba import cuda, libdevice  # noqa: PLC0415

    @cuda.jit(fastmath=False)  # type: ignore[untyped-decorator]
    def fill(xs: Any, ys: Any, maxiter: int, out: Any) -> None:
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

    return fill


def numba_cuda(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Run the kernel in Python, compiled by Numba; the copy back is part of the time."""
    from workloads.device.cuda_numba import compilation, cuda, device  # noqa: PLC0415

    name = device()
    xs, ys = map(cuda.to_device, grid.axes(rows))
    result = cuda.device_array(out.shape, out.dtype)
    started, ended = cuda.event(), cuda.event()
    started.record()
    with compilation():
        numba_kernel()[-(-out.size // _THREADS), _THREADS](xs, ys, grid.maxiter, result)
    ended.record()
    result.copy_to_host(out)
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return str(name)
