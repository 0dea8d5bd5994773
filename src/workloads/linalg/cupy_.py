"""NVIDIA's GPUs by CuPy: NumPy's functions on arrays that lie there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import cupy as cp

from workloads.linalg import arrays
from workloads.linalg.definition import Values, in_order, symmetric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workloads.bench.workload import Float64Array
    from workloads.device.cuda import GpuClock


def solve(matrix: Any) -> Any:
    """Find eigenvalues and vectors where the matrix lies: the same line for both."""
    xp = cp.get_array_module(matrix)  # cupy, or numpy for an array of the host
    return xp.linalg.eigh(matrix)


def eigh(matrix: Float64Array, gpu_clock: GpuClock) -> tuple[Float64Array, Float64Array]:
    """Copy a matrix to the GPU, and its eigenvalues and vectors back."""
    on_gpu = cp.asarray(matrix)
    with gpu_clock():
        values, vectors = solve(on_gpu)
    return cp.asnumpy(values), cp.asnumpy(vectors)


def dot(first: Float64Array, second: Float64Array, gpu_clock: GpuClock) -> Float64Array:
    """Copy two matrices to the GPU, and their product back."""
    a, b = cp.asarray(first), cp.asarray(second)
    with gpu_clock():
        product = a @ b
    on_host: Float64Array = cp.asnumpy(product)
    return on_host


def mean(n: int, gpu_clock: GpuClock) -> float:
    """Make an array on the GPU, and return its mean, by the lines that any package takes."""
    with gpu_clock():
        return arrays.mean(n, cp)


def tasks(n: int, seeds: Sequence[int], gpu_clock: GpuClock) -> Values:
    """Do one task after the other; this process makes the matrices."""
    return [cp.asnumpy(eigenvalues(n, seed, gpu_clock)) for seed in seeds]


def eigenvalues(n: int, seed: int, gpu_clock: GpuClock) -> Any:
    """Copy a task's matrix to the GPU, and leave the values there."""
    matrix = cp.asarray(symmetric(n, seed))
    with gpu_clock():
        values, _ = solve(matrix)
    return values


def batch(n: int, seeds: Sequence[int], size: int, gpu_clock: GpuClock) -> Values:
    """Do `size` tasks in a call, which keeps the GPU busy."""
    found: Values = []
    for first in range(0, len(seeds), size):
        part = seeds[first : first + size]
        stack = cp.stack([cp.asarray(symmetric(n, seed)) for seed in part])
        with gpu_clock():
            values, _ = solve(stack)
        found += [*cp.asnumpy(values)]
    return found


def mpi(n: int, seeds: Sequence[int], comm: Any, all_or_none: Callable[..., Values]) -> Values:
    """Do each rank's tasks on its GPU: the ranks of a node take its GPUs in turn."""
    from mpi4py import MPI  # noqa: PLC0415

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    device = node.rank % cp.cuda.runtime.getDeviceCount()
    node.Free()

    def mine() -> Values:
        with cp.cuda.Device(device):
            return tasks(n, seeds[comm.rank :: comm.size], nullcontext)

    return in_order(comm.gather(all_or_none(mine)))


if __name__ == "__main__":
    print(eigh(symmetric(1000, 2022), nullcontext)[0])
