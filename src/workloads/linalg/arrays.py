"""Packages whose arrays have NumPy's functions: the same lines for all, by the array API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array


def eigh(matrix: Float64Array, xp: Any) -> tuple[Float64Array, Float64Array]:
    """Return eigenvalues and vectors by a package: xp is numpy, cupy, torch or jax.numpy."""
    values, vectors = xp.linalg.eigh(xp.asarray(matrix))
    return on_host(values), on_host(vectors)


def dot(first: Float64Array, second: Float64Array, xp: Any) -> Float64Array:
    """Return the product of two matrices."""
    return on_host(xp.asarray(first) @ xp.asarray(second))


def mean(n: int, xp: Any) -> float:
    """Return the mean of the first numbers from zero on."""
    return float(xp.mean(xp.arange(n, dtype=xp.float64)))


def on_host(numbers: Any) -> Float64Array:
    """Return an array of NumPy's, of a package's, which may lie on a GPU."""
    return np.asarray(numbers.cpu() if hasattr(numbers, "cpu") else numbers)


def dask(n: int, workers: int) -> float:
    """Compute by dask.array: pieces of an array, in threads, once the answer is asked for."""
    import dask.array as da  # noqa: PLC0415
    from dask import config  # noqa: PLC0415

    # By default a piece has 128 MiB, more than all numbers here: one thread would compute.
    size = -(-n * np.dtype(np.float64).itemsize // workers)
    with config.set({"array.chunk-size": size, "num_workers": workers}):
        return mean(n, da)


if __name__ == "__main__":
    print(mean(10_000_000, np), dask(10_000_000, 4))
