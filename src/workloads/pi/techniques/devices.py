"""GPUs: one kernel in C for OpenCL and CUDA, one in Python for Numba; copies are timed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.device.cuda import cupy_kernel
from workloads.device.opencl import program

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

_BLOCKS, _THREADS = 4096, 128  # enough for the largest GPU
cuda: Any  # of Numba, once there is a kernel

OPENCL = """
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL FP_CONTRACT OFF
typedef ulong word;
"""
CUDA = """
typedef unsigned long long word;
#define kernel extern "C" __global__
#define global
#define mul_hi __umul64hi
#define get_global_id(_) (blockIdx.x * blockDim.x + threadIdx.x)
#define get_global_size(_) (gridDim.x * blockDim.x)
#define atom_add atomicAdd
"""
# A thread counts every so many blocks of the stream; see numba_.py.
KERNEL = """
kernel void count(const word pairs, const word key, global word *sum)
{
    word hits = 0;
    for (word block = get_global_id(0); 2 * block < pairs; block += get_global_size(0)) {
        const word m0 = 0xD2E7470EE14C6C93UL, m1 = 0xCA5A826395121157UL;
        word c0 = block + 1, c1 = 0, c2 = 0, c3 = 0, k0 = key, k1 = 0;
        for (int round = 0; round < 10; round++) {
            const word high0 = mul_hi(m0, c0), high1 = mul_hi(m1, c2);
            const word low0 = m0 * c0, low1 = m1 * c2;
            c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
            k0 += 0x9E3779B97F4A7C15UL, k1 += 0xBB67AE8584CAA73BUL;
        }
        const double x = (double)(c0 >> 11), y = (double)(c1 >> 11);
        const double u = (double)(c2 >> 11), v = (double)(c3 >> 11);
        const double limit = 81129638414606681695789005144064.0; /* 2^106 */
        hits += x * x + y * y < limit;
        hits += u * u + v * v < limit && 2 * block + 1 < pairs;
    }
    atom_add(sum, hits);
}
"""


def pyopencl(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on the best OpenCL device, which may be the CPU."""
    cl, queue, built = program(OPENCL + KERNEL)
    hits = np.zeros(1, np.uint64)
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    there = cl.Buffer(queue.context, flags, hostbuf=hits)
    kernel, arguments = cl.Kernel(built, "count"), (np.uint64(pairs), np.uint64(seed), there)
    done = kernel(queue, (_BLOCKS * _THREADS,), (_THREADS,), *arguments)
    cl.enqueue_copy(queue, hits, there)
    workers.kernel_seconds += (done.profile.end - done.profile.start) / 1e9
    return int(hits[0]), str(queue.device.name).strip()


def cupy(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on an NVIDIA GPU in CUDA C."""
    cupy, kernel, name = cupy_kernel(CUDA + KERNEL, "count")
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    there = cupy.zeros(1, cupy.uint64)
    started.record()
    kernel((_BLOCKS,), (_THREADS,), (np.uint64(pairs), np.uint64(seed), there))
    ended.record()
    hits = int(there.get()[0])
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return hits, name


def numba_cuda(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on an NVIDIA GPU in Python that Numba compiles."""
    from workloads.device.cuda_numba import compilation, device  # noqa: PLC0415

    kernel, name = numba_kernel(), device()
    there = cuda.to_device(np.zeros(1, np.int64))
    started, ended = cuda.event(), cuda.event()
    started.record()
    with compilation():
        kernel[_BLOCKS, _THREADS](np.int64(pairs), np.uint64(seed), there)
    ended.record()
    hits = int(there.copy_to_host()[0])
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return hits, name


@functools.cache
def numba_kernel() -> Any:
    """Return Numba's kernel; made here, as its decorator needs numba-cuda."""
    global cuda  # noqa: PLW0603  (Numba's simulator looks for it there)
    from workloads.device.cuda_numba import cuda, libdevice  # noqa: PLC0415
    from workloads.pi.techniques.numba_ import LIMIT, SHIFT, words  # noqa: PLC0415

    draw = cuda.jit(device=True)(getattr(words, "py_func"))  # noqa: B009  (Numba's)

    @cuda.jit(fastmath=False)  # type: ignore[untyped-decorator]
    def count(pairs: int, key: int, out: Any) -> None:
        hits = 0
        for block in range(cuda.grid(1), (pairs + 1) >> 1, cuda.gridsize(1)):
            w0, w1, w2, w3 = draw(np.uint64(block), np.uint64(key))
            # Even without fastmath NVIDIA's compiler fuses products and sums: not dmul_rn's.
            x, y = np.float64(w0 >> SHIFT), np.float64(w1 >> SHIFT)
            if libdevice.dmul_rn(x, x) + libdevice.dmul_rn(y, y) < LIMIT:
                hits += 1
            x, y = np.float64(w2 >> SHIFT), np.float64(w3 >> SHIFT)
            if libdevice.dmul_rn(x, x) + libdevice.dmul_rn(y, y) < LIMIT and 2 * block + 1 < pairs:
                hits += 1
        cuda.atomic.add(out, 0, hits)

    return count
