"""OpenCL C: each work-item counts every n-th block, a group adds up its counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.device.opencl import program

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# Compilers for OpenCL fuse multiply and add unless told not to.
_SOURCE = """
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
__kernel void count(const ulong pairs, const ulong key, __global ulong *out)
{
    __local uint sum;
    uint hits = 0;
    if (get_local_id(0) == 0)
        sum = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (ulong block = get_global_id(0); 2 * block < pairs; block += get_global_size(0)) {
        const ulong m0 = 0xD2E7470EE14C6C93UL, m1 = 0xCA5A826395121157UL;
        ulong c0 = block + 1, c1 = 0, c2 = 0, c3 = 0, k0 = key, k1 = 0;
        for (int round = 0; round < 10; round++) {
            const ulong high0 = mul_hi(m0, c0), high1 = mul_hi(m1, c2);
            const ulong low0 = m0 * c0, low1 = m1 * c2;
            c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
            k0 += 0x9E3779B97F4A7C15UL, k1 += 0xBB67AE8584CAA73BUL;
        }
        const double x = convert_double(c0 >> 11), y = convert_double(c1 >> 11);
        const double u = convert_double(c2 >> 11), v = convert_double(c3 >> 11);
        hits += x * x + y * y < 0x1p106;
        hits += u * u + v * v < 0x1p106 && 2 * block + 1 < pairs;
    }
    atomic_add(&sum, hits);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (get_local_id(0) == 0)
        out[get_group_id(0)] = sum;
}
"""

# Enough work-items for the largest GPU. A group's count has 32 bits: for the most
# pairs that may be asked for it is at most 2^28.
_GROUPS, _GROUP = 4096, 64


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on one device."""
    cl, queue, built = program(_SOURCE)
    counts = np.empty(_GROUPS, np.uint64)
    result = cl.Buffer(queue.context, cl.mem_flags.WRITE_ONLY, counts.nbytes)
    kernel = cl.Kernel(built, "count")
    scalars = np.uint64(pairs), np.uint64(seed)
    done = kernel(queue, (_GROUPS * _GROUP,), (_GROUP,), *scalars, result)
    cl.enqueue_copy(queue, counts, result)
    workers.kernel_seconds += (done.profile.end - done.profile.start) / 1e9
    return int(counts.sum()), str(queue.device.name).strip()
