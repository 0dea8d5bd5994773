"""Processes that share two arrays, and wait for each other at a barrier after each step."""

from __future__ import annotations

from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.heat.compiled import sweep
from workloads.heat.plate import Plate, strips

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    from workloads.bench.workload import Float64Array


def multiprocessing(
    plate: Plate, workers: int, context: ForkServerContext | SpawnContext
) -> Float64Array:
    """Have each process do its rows of each step, in arrays that all of them see."""
    memory = [context.RawArray("d", (plate.n + 2) ** 2) for _ in range(2)]
    field = as_array(memory[0], plate)
    field[:], _ = plate.start()  # the edge of the other array is zero from its start
    barrier = context.Barrier(workers)
    processes: list[Any] = [
        context.Process(target=all_steps, args=(plate, memory, barrier, first, last))
        for first, last in pairwise(strips(plate.n, workers))
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    # Each step writes the array that the step before has read.
    return as_array(memory[plate.steps % 2], plate)


def all_steps(plate: Plate, memory: Any, barrier: Any, first: int, last: int) -> None:
    """Do all steps of some rows: a process's whole life."""
    old, new = (as_array(each, plate) for each in memory)
    for _ in range(plate.steps):
        sweep(old, new, first, last)
        # Nobody may read a row that its owner has not written.
        barrier.wait()
        old, new = new, old


def as_array(memory: Any, plate: Plate) -> Float64Array:
    """Return shared memory as an array of NumPy: nothing is copied."""
    return np.frombuffer(memory).reshape(plate.n + 2, plate.n + 2)


if __name__ == "__main__":
    # Each process imports this program: only the first one may start others.
    print(multiprocessing(Plate(512, 100), 4, get_context("spawn")))
