"""A process of its own, started with OMP_NUM_THREADS or without it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from workloads.harness.team import Team
from workloads.linalg import blas, definition

if TYPE_CHECKING:
    from workloads.harness.arrays import Float64Array

# The child's: not sent to and fro, which would be timed.
_matrix: dict[tuple[int, int], Float64Array] = {}
_found: list[tuple[Float64Array, Float64Array]] = []


def _prepare() -> None:
    """Nothing beyond this module's own imports, which come with its name."""


@contextlib.contextmanager
def child(count: int, _: Team) -> Iterator[ProcessPoolExecutor]:
    """Give a process with `count` threads; 0: what it has by default."""
    with Team(1) as alone:
        with blas.threads(count):
            # Several at once differ in their environment.
            pool = alone.pool(_prepare, method="spawn")
        yield pool


def make(n: int, seed: int) -> None:
    """Have the matrix, in the child."""
    _matrix.clear()
    _matrix[n, seed] = definition.symmetric(n, seed)


def solve(n: int, seed: int) -> None:
    """Find eigenvalues and vectors, in the child."""
    _found[:] = [np.linalg.eigh(_matrix[n, seed])]


def errors(n: int, seed: int) -> tuple[tuple[float, float], int]:
    """Return the errors of what was found, and how many threads there are, in the child."""
    return definition.eigh_errors(np, _matrix[n, seed], *_found[0]), blas.running()
