"""OpenCL C: a work-item for each pixel, on a GPU or, without one, on the processor."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pyopencl as cl

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array

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
# Neighbours in a row that run as one work-group. The size is fixed, since PoCL
# compiles a kernel anew for each shape; a row is padded to a multiple of it.
_GROUP = 64


@functools.cache
def compiled(context: Any, real: str) -> Any:
    """Compile the kernel for a context's devices, for numbers that are float or double."""
    return cl.Kernel(cl.Program(context, OPENCL).build([f"-DREAL={real}"]), "fill")


def fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, queue: Any) -> float:
    """Copy the axes to the device, compute, and copy back; return the kernel's seconds."""
    kernel = compiled(queue.context, "float" if xs.dtype == np.float32 else "double")
    flags = cl.mem_flags
    columns, rows = (
        cl.Buffer(queue.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=axis)
        for axis in (xs, ys)
    )
    result = cl.Buffer(queue.context, flags.WRITE_ONLY, out.nbytes)
    height, width = out.shape
    size = -(-width // _GROUP) * _GROUP, height
    scalars = np.int32(width), np.int32(maxiter)
    done = kernel(queue, size, (_GROUP, 1), columns, rows, *scalars, result)
    cl.enqueue_copy(queue, out, result)
    return float(done.profile.end - done.profile.start) / 1e9


if __name__ == "__main__":
    timed = cl.command_queue_properties.PROFILING_ENABLE
    queue = cl.CommandQueue(cl.create_some_context(interactive=False), properties=timed)
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    print(f"{fill(xs, ys, 80, out, queue):.3g} s\n{out}")
