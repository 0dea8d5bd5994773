"""CuPy: NumPy's functions on an NVIDIA GPU, by cuBLAS and cuSOLVER."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workloads.device.cuda import cupy_device, cupy_libraries
from workloads.linalg.definition import mean_of, solve_by

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array
    from workloads.linalg.problems import Dot, Eigh, Mean, Tasks
    from workloads.parallel.workers import Workers


def eigh(problem: Eigh, workers: Workers) -> tuple[Any, str]:
    """Solve on the GPU: the matrix is copied there, values and vectors are copied back."""
    cupy, name = cupy_device()
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    matrix = cupy.asarray(problem.matrix())
    with cupy_libraries():
        started.record()
        values, vectors = cupy.linalg.eigh(matrix)
        ended.record()
    found = values.get(), vectors.get()
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return found, name


gram = eigh


def tasks(problem: Tasks, _: Workers) -> tuple[list[tuple[float, float]], str]:
    """Do one task after the other on the GPU, checks included."""
    cupy, name = cupy_device()
    with cupy_libraries():
        return [solve_by(cupy, problem.n, seed) for seed in problem.seeds()], name


def dot(problem: Dot, workers: Workers) -> tuple[Float64Array, str]:
    """Multiply on the GPU: both factors are copied there, the product is copied back."""
    cupy, name = cupy_device()
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    first, second = map(cupy.asarray, problem.factors())
    with cupy_libraries():
        started.record()
        product = first @ second
        ended.record()
    found = product.get()
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return found, name


def mean(problem: Mean, workers: Workers) -> tuple[float, str]:
    """Make the array on the GPU, and copy only the mean back."""
    cupy, name = cupy_device()
    started, ended = cupy.cuda.Event(), cupy.cuda.Event()
    started.record()
    found, by = mean_of(cupy.arange(problem.n, dtype=cupy.float64))
    ended.record()
    ended.synchronize()
    workers.kernel_seconds += cupy.cuda.get_elapsed_time(started, ended) / 1e3
    return found, f"{name}, {by}"
