"""Packages whose arrays have NumPy's functions: the same lines for all, by the array API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workloads.linalg.problems import Problem
    from workloads.parallel.workers import Workers


def compute(xp: Any, problem: Problem) -> Any:
    """Do one problem with a package's functions; return NumPy's arrays, or a number."""
    match problem.task:
        case "eigh":
            (matrix,) = map(xp.asarray, problem.arrays())
            values, vectors = xp.linalg.eigh(matrix)
            return on_host(values), on_host(vectors)
        case "dot":
            first, second = map(xp.asarray, problem.arrays())
            return on_host(first @ second)
        case _:
            numbers = xp.arange(problem.n, dtype=xp.float64)
            return float(xp.mean(numbers))


def on_host(numbers: Any) -> Any:
    """Return an array of NumPy's, of a package's, which may lie on a GPU."""
    return np.asarray(numbers.cpu() if hasattr(numbers, "cpu") else numbers)


def dask(problem: Problem, workers: Workers) -> tuple[Any, str]:
    """Compute by dask.array: pieces of an array, in threads, once the answer is asked for."""
    import dask.array as da  # noqa: PLC0415
    from dask import config  # noqa: PLC0415

    # By default a piece has 128 MiB, more than all numbers here: one thread would compute.
    size = -(-problem.n * np.dtype(np.float64).itemsize // workers.count)
    with config.set({"array.chunk-size": size, "num_workers": workers.count}):
        return compute(da, problem), "dask.array, a piece a thread"


def torch(problem: Problem, _: Workers) -> tuple[Any, str]:
    """Compute by PyTorch, on a GPU if it sees one."""
    import torch  # noqa: PLC0415

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        return compute(torch, problem), f"PyTorch {torch.__version__} on {device}"


def jax(problem: Problem, _: Workers) -> tuple[Any, str]:
    """Compute by JAX, on a GPU if it sees one."""
    import jax  # noqa: PLC0415

    jax.config.update("jax_enable_x64", True)  # by default its numbers are single precision
    return compute(jax.numpy, problem), f"JAX {jax.__version__} on {jax.default_backend()}"
