"""NumPy on a stack of matrices: one call, and a loop in C.  A GPU gains by it, NumPy does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import machine
from workloads.linalg.batches import Errors, in_batches

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers


def tasks(problem: Tasks, _: Workers) -> tuple[Errors, str]:
    """Do as many tasks at once as half the memory holds."""
    # Linux grants more memory than there is, and kills the process that uses it: so
    # the batch's size is chosen beforehand.
    most = machine.available_memory() // 2 // (problem.bytes_each * problem.elements)
    return in_batches(np, problem, max(1, min(problem.count, most)), lambda: None)
