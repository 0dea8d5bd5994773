"""CuPy on a stack of matrices: one call solves them all, and keeps the GPU busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.device.cuda import cupy_device, cupy_libraries
from workloads.linalg.batches import Errors, in_batches

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers


def tasks(problem: Tasks, _: Workers) -> tuple[Errors, str]:
    """Do all tasks in one call, or as many at once as the GPU's memory holds."""
    cupy, name = cupy_device()
    pool = cupy.get_default_memory_pool()
    with cupy_libraries():
        errors, note = in_batches(cupy, problem, problem.count, pool.free_all_blocks)
    return errors, f"{name}, {note}"
