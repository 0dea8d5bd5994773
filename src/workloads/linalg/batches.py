"""Several tasks in one call, as many as memory holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError
from workloads.linalg.definition import solve_batch

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks

Errors = list[tuple[float, float]]


def in_batches(
    xp: Any, problem: Tasks, size: int, give_back: Callable[[], object]
) -> tuple[Errors, str]:
    """Do all tasks; halve the batch whenever it does not fit.

    Parameters
    ----------
    xp
        The module numpy or cupy.
    problem
        The tasks.
    size
        Matrices in the first batch.
    give_back
        Frees the memory that the library keeps for reuse.

    Returns
    -------
    tuple
        Each task's errors, and a note on the batch's size.

    Raises
    ------
    UnavailableError
        When one matrix alone does not fit.
    """
    seeds, found, fits = problem.seeds(), Errors(), size
    while len(found) < len(seeds):
        done = _attempt(xp, problem.n, seeds[len(found) : len(found) + fits])
        if not done:
            give_back()
            fits = _half(fits, problem.n)
        found += done
    note = f"{fits:,} matrices a call"
    return found, note if fits == size else f"{note}: memory is too small for {size:,}"


def _attempt(xp: Any, n: int, seeds: Sequence[int]) -> Errors:
    # A function of its own, since its arrays are not freed until it returns.
    try:
        return solve_batch(xp, n, seeds)
    except MemoryError:
        return []


def _half(size: int, n: int) -> int:
    if size == 1:
        raise UnavailableError(
            f"memory is too small for one matrix of {n:,} × {n:,}",
            hint="give a smaller -n, or fewer ranks to a GPU",
        )
    return size // 2
