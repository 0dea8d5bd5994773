"""The matrices that all techniques get, and how far off an answer may be.

Errors are counted in n·ε of the norms that they belong to (Frobenius's): that
is what rounding alone may give, and `MOST` of it is allowed.

Matrices, products and norms are asked of `xp`, which is numpy or cupy.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.harness.arrays import Float64Array

MOST = 50.0


@functools.lru_cache(maxsize=2)
def uniform(n: int, seed: int) -> Float64Array:
    """Return an n×n matrix of numbers from [0, 1): not to be written."""
    import numpy as np  # noqa: PLC0415

    return np.random.Generator(np.random.PCG64(seed)).random((n, n))


def symmetric(n: int, seed: int) -> Float64Array:
    """Return a random symmetric positive definite n×n matrix.

    Of numbers below 1, with n added to each on the diagonal: that outweighs
    the rest of its row. No product is needed, whose last bits would be the
    BLAS's.
    """
    numbers = uniform(n, seed)
    matrix: Float64Array = (numbers + numbers.T) / 2
    every = range(n)
    matrix[every, every] += n
    return matrix


def gram(n: int, seed: int) -> Float64Array:
    """Return b.T @ b of a random n×n matrix b: the talk's, positive definite as well.

    Its last bits are the BLAS's, and its largest eigenvalue is nearly all of its norm.
    """
    b = uniform(n, seed)
    matrix: Float64Array = b.T @ b
    return matrix


def eigh_errors(xp: Any, matrix: Any, values: Any, vectors: Any) -> tuple[float, float]:
    """Return the residual ‖AV − VW‖ and how far V is from orthogonal."""
    residual, orthogonality = _errors(xp, matrix, values, vectors)
    return float(residual), float(orthogonality)


def _errors(xp: Any, matrix: Any, values: Any, vectors: Any) -> tuple[Any, Any]:
    """Return both of one matrix, or of each in a stack."""
    n = matrix.shape[-1]
    unit = n * xp.finfo(xp.float64).eps
    norm = functools.partial(xp.linalg.norm, axis=(-2, -1))
    residual = norm(matrix @ vectors - vectors * values[..., None, :]) / norm(matrix)
    turned = vectors.swapaxes(-2, -1)
    return residual / unit, norm(turned @ vectors - xp.eye(n)) / unit


def solve_by(xp: Any, n: int, seed: int) -> tuple[float, float]:
    """Do one of the tasks: a matrix, its eigenvalues and vectors, their errors."""
    matrix = xp.asarray(symmetric(n, seed))
    return eigh_errors(xp, matrix, *xp.linalg.eigh(matrix))


def solve(n: int, seed: int) -> tuple[float, float]:
    """Do one of the tasks by NumPy."""
    import numpy as np  # noqa: PLC0415

    return solve_by(np, n, seed)


def solve_batch(xp: Any, n: int, seeds: Sequence[int]) -> list[tuple[float, float]]:
    """Do several of the tasks in one call."""
    matrices = xp.stack([xp.asarray(symmetric(n, seed)) for seed in seeds])
    residual, orthogonality = _errors(xp, matrices, *xp.linalg.eigh(matrices))
    return list(zip(residual.tolist(), orthogonality.tolist(), strict=True))


def get_array_module(array: Any) -> Any:
    """Return the library that an array is of, as CuPy's function of this name does.

    By the standard of array libraries an array says which.  CuPy's do not yet: CuPy says
    it of them, in a program that has them.  Nor do Dask's: theirs is the package where
    their class is.
    """
    if says := getattr(array, "__array_namespace__", None):
        return says()
    package = ".".join(type(array).__module__.split(".")[:2])
    if package.split(".")[0] == "cupy":
        return sys.modules["cupy"].get_array_module(array)
    return sys.modules[package]


def mean_of(array: Any) -> tuple[float, str]:
    """Return the mean by the array's own library, whichever that is, and which it was."""
    library = get_array_module(array)
    return float(library.mean(array)), f"get_array_module: {library.__name__}"


def dot_error(first: Any, second: Any, product: Any) -> float:
    """Return how far C·x is from A·(B·x), for one x: Freivalds' test."""
    import numpy as np  # noqa: PLC0415

    n = len(first)
    x = np.random.Generator(np.random.PCG64(n)).standard_normal(n)
    norm = np.linalg.norm
    away = norm(product @ x - first @ (second @ x))
    unit = n * np.finfo(np.float64).eps * norm(first) * norm(second) * norm(x)
    return float(away / unit)


def judge(**errors: float) -> tuple[bool, str, str]:
    """Return whether errors are allowed, their numbers, and what to say of them."""
    # A comparison with NaN is false.
    right = all(error <= MOST for error in errors.values())
    said = ", ".join(f"{name} {error:.2g}" for name, error in errors.items())
    answer = " ".join(f"{error:.6g}" for error in errors.values())
    return right, answer, f"{'' if right else 'WRONG: '}{said} n·ε, {MOST:g} allowed"
