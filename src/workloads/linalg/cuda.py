"""NVIDIA's GPUs: NumPy's functions by CuPy, and three packages on one array."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hpcpy_common import ranks
from hpcpy_common.errors import UnavailableError
from workloads.device import cuda as gpu
from workloads.linalg.arrays import compute
from workloads.linalg.definition import Values, solve
from workloads.linalg.numpy_ import in_batches
from workloads.linalg.processes import in_order

if TYPE_CHECKING:
    from workloads.linalg.problems import Problem
    from workloads.parallel.workers import Workers

_THREADS = 256
cuda: Any  # of Numba, once there is a kernel


def cupy(problem: Problem, workers: Workers) -> tuple[Any, str]:
    """Compute on the GPU: matrices are copied there, answers are copied back."""
    cupy, name = gpu.cupy_device()  # import cupy, with a GPU
    with _libraries():
        match problem.task:
            case "eigh" | "gram":
                matrix = cupy.asarray(*problem.arrays())
                with gpu.cupy_kernels(cupy, workers):
                    values, vectors = cupy.linalg.eigh(matrix)
                return (values.get(), vectors.get()), name
            case "dot":
                first, second = map(cupy.asarray, problem.arrays())
                with gpu.cupy_kernels(cupy, workers):
                    product = first @ second
                return product.get(), name
            case "mean":
                with gpu.cupy_kernels(cupy, workers):
                    return compute(cupy, problem), name
            case _:
                return [solve(problem.n, seed, cupy) for seed in problem.seeds], name


def cupy_batch(problem: Problem, _workers: Workers) -> tuple[Values, str]:
    """Do all tasks in one call, which keeps the GPU busy, or as many as half its memory holds."""
    cupy, name = gpu.cupy_device()  # import cupy, with a GPU
    free, _ = cupy.cuda.runtime.memGetInfo()
    with _libraries():
        values, note = in_batches(cupy, problem, free)
    return values, f"{name}, {note}"


def cupy_mpi(problem: Problem, workers: Workers) -> tuple[Values, str]:
    """Do each rank's tasks on its GPU: the ranks of a node take its GPUs in turn."""
    from mpi4py import MPI  # noqa: PLC0415

    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    cupy, name = ranks.all_or_none(comm, gpu.cupy_device)
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    devices = cupy.cuda.runtime.getDeviceCount()
    note = f"{min(node.size, devices)} × {name} a node"
    device = node.rank % devices
    node.Free()

    def mine() -> Values:
        with cupy.cuda.Device(device), _libraries():
            seeds = problem.seeds[comm.rank :: comm.size]
            return [solve(problem.n, seed, cupy) for seed in seeds]

    return in_order(comm.gather(ranks.all_or_none(comm, mine))), note


def numba_cuda(problem: Problem, workers: Workers) -> tuple[float, str]:
    """Make the array by CuPy, add one by Numba's kernel, sum it up by NumPy: on the GPU."""
    cupy, _ = gpu.cupy_device()  # import cupy, with a GPU
    name = gpu.numba_device()
    numbers = cupy.arange(problem.n, dtype=cupy.float64)
    # Numba starts its kernel on the same stream as CuPy, the legacy default one, and takes
    # the array by its __cuda_array_interface__.
    with gpu.cupy_kernels(cupy, workers):
        with gpu.numba_compilation():
            numba_kernel()[-(-problem.n // _THREADS), _THREADS](numbers)
        total = np.sum(numbers)
    # NumPy has called CuPy's sum by __array_function__: the result is still on the GPU.
    assert isinstance(total, cupy.ndarray)  # noqa: S101
    return float(total), name


@functools.cache
def numba_kernel() -> Any:
    """Return Numba's kernel; made here, as its decorator needs numba-cuda."""
    global cuda
    cuda, _ = gpu.numba_modules()  # from numba import cuda

    @cuda.jit(fastmath=False)  # type: ignore[untyped-decorator]
    def add_one(numbers: Any) -> None:
        i = cuda.grid(1)
        if i < numbers.size:
            numbers[i] += 1.0

    return add_one


@contextlib.contextmanager
def _libraries() -> Iterator[None]:
    """Raise an UnavailableError where cuBLAS or cuSOLVER is absent, or the memory too small."""
    try:
        yield
    except (ImportError, RuntimeError) as error:
        raise UnavailableError(
            f"CuPy has failed: {gpu.reason(error)}", hint=gpu.NO_TOOLKIT
        ) from error
    except MemoryError as error:
        raise UnavailableError(
            f"CuPy has failed: {gpu.reason(error)}",
            hint="give a smaller -n, or fewer ranks to a GPU",
        ) from error
