"""The matrices that all techniques get, and how far off an answer may be.

An error is given in units of n·ε times the Frobenius norms that it is relative
to: rounding alone may give about one unit, and `MOST` are allowed.

`xp` is the module, numpy or cupy, that makes matrices, products and norms.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array

MOST = 50.0


@functools.lru_cache(maxsize=2)
def uniform(n: int, seed: int) -> Float64Array:
    """Return an n×n float64 matrix of numbers from [0, 1).

    It is cached: nobody may write to it.
    """
    import numpy as np  # noqa: PLC0415

    return np.random.Generator(np.random.PCG64(seed)).random((n, n))


def symmetric(n: int, seed: int) -> Float64Array:
    """Return a random symmetric positive definite n×n float64 matrix.

    Its numbers are below 1, with n added on the diagonal, which outweighs the
    rest of its row. No product is needed: its last bits would depend on the
    BLAS.
    """
    numbers = uniform(n, seed)
    matrix: Float64Array = (numbers + numbers.T) / 2
    every = range(n)
    matrix[every, every] += n
    return matrix


def gram(n: int, seed: int) -> Float64Array:
    """Return b.T @ b of a random n×n matrix b: the talk's, positive definite as well.

    Its last bits depend on the BLAS, and its largest eigenvalue is nearly all of its norm.
    """
    b = uniform(n, seed)
    matrix: Float64Array = b.T @ b
    return matrix


def eigh_errors(xp: Any, matrix: Any, values: Any, vectors: Any) -> tuple[float, float]:
    """Return the residual ‖AV − VW‖ and the distance ‖VᵀV − 1‖ of V from orthogonal.

    Parameters
    ----------
    xp
        The module numpy or cupy.
    matrix
        A, of shape ``(n, n)``.
    values, vectors
        W, the eigenvalues, of shape ``(n,)``; V, the eigenvectors as columns, ``(n, n)``.

    Returns
    -------
    tuple
        Both in n·ε: the residual relative to ‖A‖, and the distance.
    """
    residual, orthogonality = _errors(xp, matrix, values, vectors)
    return float(residual), float(orthogonality)


def _errors(xp: Any, matrix: Any, values: Any, vectors: Any) -> tuple[Any, Any]:
    """Return both errors of one matrix, or of each in a stack."""
    n = matrix.shape[-1]
    unit = n * xp.finfo(xp.float64).eps
    norm = functools.partial(xp.linalg.norm, axis=(-2, -1))
    residual = norm(matrix @ vectors - vectors * values[..., None, :]) / norm(matrix)
    turned = vectors.swapaxes(-2, -1)
    return residual / unit, norm(turned @ vectors - xp.eye(n)) / unit


def solve_by(xp: Any, n: int, seed: int) -> tuple[float, float]:
    """Do one task: make its matrix, find eigenvalues and vectors, return both errors."""
    matrix = xp.asarray(symmetric(n, seed))
    return eigh_errors(xp, matrix, *xp.linalg.eigh(matrix))


def solve(n: int, seed: int) -> tuple[float, float]:
    """Do one task by NumPy; return both errors."""
    import numpy as np  # noqa: PLC0415

    return solve_by(np, n, seed)


def solve_batch(xp: Any, n: int, seeds: Sequence[int]) -> list[tuple[float, float]]:
    """Do several tasks in one call; return both errors of each."""
    matrices = xp.stack([xp.asarray(symmetric(n, seed)) for seed in seeds])
    residual, orthogonality = _errors(xp, matrices, *xp.linalg.eigh(matrices))
    return list(zip(residual.tolist(), orthogonality.tolist(), strict=True))


def get_array_module(array: Any) -> Any:
    """Return the library that an array belongs to, as CuPy's function of this name does.

    In the array API standard the array says it.  CuPy's arrays do not yet: for them this
    asks CuPy, which has been imported if there is one.  Dask's do not either: their library
    is the package that their class is in.
    """
    if says := getattr(array, "__array_namespace__", None):
        return says()
    package = ".".join(type(array).__module__.split(".")[:2])
    if package.split(".")[0] == "cupy":
        return sys.modules["cupy"].get_array_module(array)
    return sys.modules[package]


def mean_of(array: Any) -> tuple[float, str]:
    """Return the mean by the array's own library, and a note that names the library."""
    library = get_array_module(array)
    return float(library.mean(array)), f"get_array_module: {library.__name__}"


def dot_error(first: Any, second: Any, product: Any) -> float:
    """Return in n·ε how far C·x is from A·(B·x) for one random x: Freivalds' test.

    Parameters
    ----------
    first, second, product
        A, B and C, NumPy arrays of shape ``(n, n)``.
    """
    import numpy as np  # noqa: PLC0415

    n = len(first)
    x = np.random.Generator(np.random.PCG64(n)).standard_normal(n)
    norm = np.linalg.norm
    away = norm(product @ x - first @ (second @ x))
    unit = n * np.finfo(np.float64).eps * norm(first) * norm(second) * norm(x)
    return float(away / unit)


def judge(**errors: float) -> tuple[bool, str, str]:
    """Return whether the errors are allowed, their numbers as text, and the verdict.

    Parameters
    ----------
    errors
        Each error in n·ε, by its name.
    """
    # A comparison with NaN is false.
    right = all(error <= MOST for error in errors.values())
    said = ", ".join(f"{name} {error:.2g}" for name, error in errors.items())
    answer = " ".join(f"{error:.6g}" for error in errors.values())
    return right, answer, f"{'' if right else 'WRONG: '}{said} n·ε, {MOST:g} allowed"
