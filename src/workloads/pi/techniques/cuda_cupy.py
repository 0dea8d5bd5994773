"""CuPy: one CUDA C kernel, compiled at run time; a block adds up its threads' counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.device.cuda import cupy_kernel

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

_SOURCE = """
typedef unsigned long long word;
extern "C" __global__ void count(const word pairs, const word key, word *out)
{
    __shared__ unsigned sum;
    unsigned hits = 0;
    if (threadIdx.x == 0)
        sum = 0;
    __syncthreads();
    const word all = (word)gridDim.x * blockDim.x;
    word block = (word)blockIdx.x * blockDim.x + threadIdx.x;
    for (; 2 * block < pairs; block += all) {
        const word m0 = 0xD2E7470EE14C6C93ull, m1 = 0xCA5A826395121157ull;
        word c0 = block + 1, c1 = 0, c2 = 0, c3 = 0, k0 = key, k1 = 0;
        for (int round = 0; round < 10; round++) {
            const word high0 = __umul64hi(m0, c0), high1 = __umul64hi(m1, c2);
            const word low0 = m0 * c0, low1 = m1 * c2;
            c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
            k0 += 0x9E3779B97F4A7C15ull, k1 += 0xBB67AE8584CAA73Bull;
        }
        const double x = (double)(c0 >> 11), y = (double)(c1 >> 11);
        const double u = (double)(c2 >> 11), v = (double)(c3 >> 11);
        const double limit = 81129638414606681695789005144064.0; /* 2^106 */
        hits += x * x + y * y < limit;
        hits += u * u + v * v < limit && 2 * block + 1 < pairs;
    }
    atomicAdd(&sum, hits);
    __syncthreads();
    if (threadIdx.x == 0)
        atomicAdd(out, (word)sum);
}
"""
# Enough threads for the largest GPU. A block's count has 32 bits: for the most
# pairs that may be asked for it is at most 2^28.
_BLOCKS, _THREADS = 4096, 128


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on the current device; the copy of the count back is part of the time."""
    cupy, kernel, name = cupy_kernel(_SOURCE, "count")
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    result = cupy.zeros(1, cupy.uint64)
    started.record()
    kernel((_BLOCKS,), (_THREADS,), (np.uint64(pairs), np.uint64(seed), result))
    ended.record()
    hits = int(result.get()[0])
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return hits, name
