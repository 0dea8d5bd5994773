"""OpenCL C: one work-item a pixel; a GPU if there is one, else the CPU."""

from __future__ import annotations

import functools
import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.errors import UnavailableError
from workloads.harness import caches

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid

# Compilers for OpenCL fuse multiply and add unless told not to.
_SOURCE = """
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
__kernel void fill(__global const double *xs, __global const double *ys,
                   const int width, const int maxiter, __global int *out)
{
    const size_t column = get_global_id(0), row = get_global_id(1);
    if (column >= width)
        return;
    const double cr = xs[column], ci = ys[row];
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
    out[row * width + column] = result;
}
"""

# Neighbours in a row that run together. Fixed, since PoCL compiles a kernel
# anew for each shape of the group, and padded: a width may be anything.
_GROUP = 64


@functools.cache
def _program() -> tuple[Any, Any, Any]:
    """Return pyopencl, a queue on the best device, and the built program."""
    # PoCL offers no device at all when its cache folder cannot be written.
    caches.provide("POCL_CACHE_DIR", "pocl")
    if not caches.provide("XDG_CACHE_HOME", "cache"):
        os.environ["PYOPENCL_NO_CACHE"] = "1"
    import pyopencl as cl  # noqa: PLC0415

    try:
        devices = [d for platform in cl.get_platforms() for d in platform.get_devices()]
    except cl.Error as error:
        raise UnavailableError(f"no OpenCL platform answers ({error})") from error
    able = [device for device in devices if device.double_fp_config]
    if not able:
        raise UnavailableError(
            f"none of the {len(devices)} OpenCL devices has double precision",
            hint="PoCL needs /sys and a POCL_CACHE_DIR that can be written",
        )
    device = min(able, key=lambda d: d.type & cl.device_type.GPU == 0)
    if "pocl" in device.platform.version.lower() and shutil.which("ld") is None:
        # It would not fail but abort the whole process.
        raise UnavailableError("PoCL links what it has compiled, and there is no ld on PATH")
    context = cl.Context([device])
    try:
        with warnings.catch_warnings():
            # NVIDIA's compiler has something to say of every kernel.
            warnings.simplefilter("ignore", cl.CompilerWarning)
            program = cl.Program(context, _SOURCE).build()
    except cl.Error as error:
        reason = next((line for line in str(error).splitlines() if "error" in line), str(error))
        raise UnavailableError(f"{device.name.strip()} cannot compile it: {reason}") from error
    timed = cl.command_queue_properties.PROFILING_ENABLE
    return cl, cl.CommandQueue(context, properties=timed), program


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` on one device."""
    cl, queue, program = _program()
    flags = cl.mem_flags
    xs, ys = (
        cl.Buffer(queue.context, flags.READ_ONLY | flags.COPY_HOST_PTR, hostbuf=axis)
        for axis in grid.axes(rows)
    )
    result = cl.Buffer(queue.context, flags.WRITE_ONLY, out.nbytes)
    kernel = cl.Kernel(program, "fill")
    columns = -(-grid.width // _GROUP) * _GROUP
    scalars = np.int32(grid.width), np.int32(grid.maxiter)
    done = kernel(queue, (columns, len(rows)), (_GROUP, 1), xs, ys, *scalars, result)
    cl.enqueue_copy(queue, out, result)
    team.kernel_seconds += (done.profile.end - done.profile.start) / 1e9
    return str(queue.device.name).strip()
