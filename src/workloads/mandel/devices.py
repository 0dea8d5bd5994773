"""Devices: one kernel, a work-item or thread for a pixel, in three languages."""

from __future__ import annotations

import functools
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcpy_common import ranks
from hpcpy_common.errors import UnavailableError
from workloads.device import cuda as gpu

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
# NVIDIA's compiler would fuse multiply and add.
OPTIONS = ("-fmad=false",)


def opencl(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Run OpenCL C on a GPU or, without one, on the CPU, in the precision of the grid."""
    real = "float" if grid.dtype == "f4" else "double"
    cl, queue, built = _program(f"#define REAL {real}{OPENCL}")
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
    # A CPU's units are its cores, which count as one worker.
    return f"{str(queue.device.name).strip()}, {queue.device.max_compute_units} compute units"


@functools.cache
def _program(source: str) -> tuple[Any, Any, Any]:
    """Return pyopencl, a queue on the best device here, and the built program."""
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
    gpus = [device for device in able if device.type & cl.device_type.GPU]
    device = gpus[(ranks.rank_on_node() or 0) % len(gpus)] if gpus else able[0]
    if "pocl" in device.platform.version.lower() and shutil.which("ld") is None:
        # Without ld PoCL would not fail, but abort the whole process.
        raise UnavailableError("PoCL links what it has compiled, and there is no ld on PATH")
    context = cl.Context([device])
    try:
        with warnings.catch_warnings():
            # NVIDIA's compiler writes a message about every kernel.
            warnings.simplefilter("ignore", cl.CompilerWarning)
            built = cl.Program(context, source).build()
    except cl.Error as error:
        why = next((line for line in str(error).splitlines() if "error" in line), str(error))
        raise UnavailableError(f"{device.name.strip()} cannot compile it: {why}") from error
    timed = cl.command_queue_properties.PROFILING_ENABLE
    return cl, cl.CommandQueue(context, properties=timed), built


@functools.cache
def _cupy_kernel() -> tuple[Any, Any, str]:
    """Return cupy, the compiled kernel, and the device's name."""
    cupy, device = gpu.cupy_device()
    kernel = cupy.RawKernel(CUDA, "fill", options=OPTIONS)
    try:
        kernel.compile()
    except RuntimeError as error:
        # The driver, which --nv brings, has no compiler for CUDA C.
        raise UnavailableError(
            f"CuPy cannot compile: {gpu.reason(error)}", hint=gpu.NO_TOOLKIT
        ) from error
    return cupy, kernel, device


def cupy(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Run CUDA C, compiled by CuPy; the copy back is part of the time."""
    cp, kernel, name = _cupy_kernel()
    xs, ys = map(cp.asarray, grid.axes(rows))
    result = cp.empty(out.shape, cp.int32)
    scalars = np.int64(grid.width), np.int64(out.size), np.int32(grid.maxiter)
    with gpu.cupy_kernels(cp, workers):
        kernel((-(-out.size // _THREADS),), (_THREADS,), (xs, ys, *scalars, result))
    result.get(out=out)
    return str(name)


@functools.cache
def numba_kernel() -> Any:
    """Return the kernel in Python; importing numba-cuda is for machines with a GPU."""
    cuda, libdevice = gpu.numba_modules()

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
    name, (cuda, _) = gpu.numba_device(), gpu.numba_modules()
    xs, ys = map(cuda.to_device, grid.axes(rows))
    result = cuda.device_array(out.shape, out.dtype)
    started, ended = cuda.event(), cuda.event()
    started.record()
    with gpu.numba_compilation():
        numba_kernel()[-(-out.size // _THREADS), _THREADS](xs, ys, grid.maxiter, result)
    ended.record()
    result.copy_to_host(out)
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return str(name)
