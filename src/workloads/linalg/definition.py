"""The matrices that all techniques get, and how far off an answer may be.

An error is given in units of n·ε times the Frobenius norms that it is relative
to: rounding alone may give about one unit, and `MOST` are allowed. Matrices are cached: nobody
may write to them. What is checked is so after the clock.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array
    from workloads.linalg.problems import Problem

# The eigenvalues of each task's matrix, arrays of shape (n,).
Values: TypeAlias = "list[Float64Array]"
MOST = 50.0


@functools.lru_cache(maxsize=2)
def uniform(n: int, seed: int) -> Float64Array:
    """Return an n×n float64 matrix of numbers from [0, 1)."""
    return np.random.Generator(np.random.PCG64(seed)).random((n, n))


@functools.lru_cache(maxsize=2)
def symmetric(n: int, seed: int) -> Float64Array:
    """Return a random symmetric n×n float64 matrix, positive definite by its diagonal.

    It is no product: the last bits of one would depend on the BLAS.
    """
    numbers = uniform(n, seed)
    matrix: Float64Array = (numbers + numbers.T) / 2 + n * np.eye(n)
    return matrix


@functools.lru_cache(maxsize=2)
def gram(n: int, seed: int) -> Float64Array:
    """Return b.T @ b of a random n×n matrix b: the talk's, positive definite as well."""
    b = uniform(n, seed)
    matrix: Float64Array = b.T @ b
    return matrix


def eigh_errors(
    matrix: Float64Array, values: Float64Array, vectors: Float64Array
) -> tuple[float, float]:
    """Return in n·ε the residual ‖AV − VW‖ / ‖A‖ and V's distance ‖VᵀV − 1‖ from orthogonal.

    `matrix` is A, of shape ``(n, n)``; `values` are W, ``(n,)``; `vectors` are the columns of
    V, ``(n, n)``.
    """
    n, norm = len(matrix), np.linalg.norm
    unit = n * np.finfo(np.float64).eps
    residual = norm(matrix @ vectors - vectors * values) / norm(matrix)
    return float(residual / unit), float(norm(vectors.T @ vectors - np.eye(n)) / unit)


def values_errors(matrix: Float64Array, values: Float64Array) -> tuple[float, float]:
    """Return in n·ε how far eigenvalues' sum and norm are from the matrix's trace and norm."""
    n, norm = len(matrix), float(np.linalg.norm(matrix))
    unit = n * np.finfo(np.float64).eps * norm
    trace = abs(float(np.sum(values) - np.trace(matrix)))
    return trace / unit, abs(float(np.linalg.norm(values)) - norm) / unit


def solve(n: int, seed: int) -> Float64Array:
    """Do one task: make its matrix, find eigenvalues and vectors; return the values."""
    values, _ = np.linalg.eigh(symmetric(n, seed))
    return values


def in_order(by_rank: Sequence[Values] | None) -> Values:
    """Return the values of all tasks in their order; an empty list on all ranks but the first."""
    rows = itertools.zip_longest(*by_rank or [])
    return [values for row in rows for values in row if values is not None]


def dot_error(factors: Sequence[Any], product: Any) -> float:
    """Return in n·ε how far C·x is from A·(B·x) for one random x: Freivalds' test."""
    first, second = factors
    n = len(first)
    x = np.random.Generator(np.random.PCG64(n)).standard_normal(n)
    norm = np.linalg.norm
    away = norm(product @ x - first @ (second @ x))
    unit = n * np.finfo(np.float64).eps * norm(first) * norm(second) * norm(x)
    return float(away / unit)


def check(problem: Problem, result: Any) -> tuple[bool, str, str]:
    """Return whether an answer is right, what identifies it, and the verdict."""
    n = problem.n
    match problem.task:
        case "dot":
            return judge(error=dot_error(problem.arrays(), result))
        case "addone" | "mean":
            is_sum = problem.task == "addone"
            # Exactly, as all partial sums are exact.
            right = n * (n + 1) / 2 if is_sum else (n - 1) / 2
            verdict = f"{right:,.10g}, exactly {'n·(n + 1)' if is_sum else '(n - 1)'} / 2"
            return result == right, str(result), verdict if result == right else f"WRONG: {result}"
        case "tasks":
            return _check_tasks(result, problem)
        case "threads":
            _, residual, orthogonality = result
        case _:
            residual, orthogonality = eigh_errors(*problem.arrays(), *result)
    return judge(residual=residual, orthogonality=orthogonality)


def _check_tasks(result: Values, problem: Problem) -> tuple[bool, str, str]:
    """Check the values alone, after the clock: each task's vectors stay where they were found."""
    count = problem.count
    if len(result) != count:
        return False, "", f"WRONG: {len(result):,} of {count:,} tasks were done"
    errors = [
        values_errors(symmetric(problem.n, seed), values)
        for seed, values in zip(problem.seeds, result, strict=True)
    ]
    wrong = sum(not judge(trace=trace, norm=norm)[0] for trace, norm in errors)
    trace, norm = (max(each) for each in zip(*errors, strict=True))
    _, answer, verdict = judge(trace=trace, norm=norm)
    if not wrong:
        return True, answer, f"at most {verdict}"
    return False, answer, f"WRONG: {wrong:,} tasks, {verdict.removeprefix('WRONG: ')}"


def judge(**errors: float) -> tuple[bool, str, str]:
    """Return whether errors in n·ε are allowed, their numbers as text, and the verdict."""
    # A comparison with NaN is false.
    right = all(error <= MOST for error in errors.values())
    names = ", ".join(f"{name} {error:.2g}" for name, error in errors.items())
    answer = " ".join(f"{error:.6g}" for error in errors.values())
    return right, answer, f"{'' if right else 'WRONG: '}{names} n·ε, {MOST:g} allowed"
