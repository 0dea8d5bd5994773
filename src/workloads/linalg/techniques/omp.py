"""A process of its own, started with OMP_NUM_THREADS or without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from workloads.linalg import blas, definition
from workloads.parallel.workers import Workers

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array

# Kept in the child: sending them would be timed.
_matrix: dict[tuple[int, int], Float64Array] = {}
_found: list[tuple[Float64Array, Float64Array]] = []


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


@contextlib.contextmanager
def child(count: int, _: Workers) -> Iterator[ProcessPoolExecutor]:
    """Start a process whose BLAS has `count` threads, or with 0 its default."""
    with Workers(1) as alone:
        with blas.threads(count):
            # Spawned: children that live at once have different environments.
            pool = alone.pool(_prepare, method="spawn")
        yield pool


def make(n: int, seed: int) -> None:
    """Make the matrix and keep it, in the child."""
    _matrix.clear()
    _matrix[n, seed] = definition.symmetric(n, seed)


def solve(n: int, seed: int) -> None:
    """Find eigenvalues and vectors and keep them, in the child."""
    _found[:] = [np.linalg.eigh(_matrix[n, seed])]


def errors(n: int, seed: int) -> tuple[tuple[float, float], int]:
    """Return both errors of what `solve` found, and the child's number of threads."""
    return definition.eigh_errors(np, _matrix[n, seed], *_found[0]), blas.running()
