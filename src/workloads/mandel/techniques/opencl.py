"""OpenCL C: one work-item a pixel; a GPU if there is one, else the CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.device.opencl import program

if TYPE_CHECKING:
    from workloads.bench.arrays import Float32Array, Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# Compilers for OpenCL fuse multiply and add unless told not to.
_SOURCE = """
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

# Neighbours in a row that run as one work-group. The size is fixed, since PoCL
# compiles a kernel anew for each shape; a row is padded to a multiple of it.
_GROUP = 64


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on one device."""
    return filled(grid.axes(rows), grid.maxiter, out, workers)


def filled(
    axes: tuple[Float64Array, Float64Array] | tuple[Float32Array, Float32Array],
    maxiter: int,
    out: Int32Array,
    workers: Workers,
) -> str:
    """Fill `out` on one device, in the precision of the axes.

    Parameters
    ----------
    axes
        Real parts of the columns and imaginary parts of the rows, both float32
        or both float64.
    maxiter
        The most tests of a point.
    out
        The escape times, of shape ``(rows, columns)``.
    workers
        It gets the kernel's seconds.
    """
    real = "float" if axes[0].dtype == np.float32 else "double"
    cl, queue, built = program(f"#define REAL {real}{_SOURCE}")
    flags = cl.mem_flags
    xs, ys = (
        cl.Buffer(queue.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=axis)
        for axis in axes
    )
    result = cl.Buffer(queue.context, flags.WRITE_ONLY, out.nbytes)
    kernel = cl.Kernel(built, "fill")
    height, width = out.shape
    columns = -(-width // _GROUP) * _GROUP
    scalars = np.int32(width), np.int32(maxiter)
    done = kernel(queue, (columns, height), (_GROUP, 1), xs, ys, *scalars, result)
    cl.enqueue_copy(queue, out, result)
    workers.kernel_seconds += (done.profile.end - done.profile.start) / 1e9
    return str(queue.device.name).strip()
