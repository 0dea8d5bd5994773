"""MPI in two dimensions: a block for each rank, four neighbours, columns as a derived type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.heat.compiled import sweep
from workloads.heat.plate import march
from workloads.heat.processes import strips

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved
    from workloads.parallel.workers import Workers


def cartesian(plate: Plate, workers: Workers) -> Solved:
    """Let MPI lay the ranks out as a grid, and one collective exchange all four sides.

    A block has less edge for its area than a strip: of p ranks each sends 4 n / √p numbers and
    not 2 n. A row lies together in memory, a column does not: a derived type describes it.
    """
    from mpi4py import MPI  # noqa: PLC0415

    grid = workers.comm.Create_cart(MPI.Compute_dims(workers.comm.size, 2))
    (top, bottom), (left, right) = (
        strips(plate.n, count)[place : place + 2]
        for count, place in zip(grid.dims, grid.coords, strict=True)
    )
    old, new = (
        np.ascontiguousarray(rows[:, left - 1 : right + 1])
        for rows in plate.start(slice(top - 1, bottom + 1))
    )
    height, width = old.shape
    row = MPI.DOUBLE.Create_contiguous(width - 2).Commit()
    column = MPI.DOUBLE.Create_vector(height - 2, 1, width).Commit()
    # In the order of the neighbours: up, down, left, right; where each side begins, in bytes.
    counts, types = [1, 1, 1, 1], [row, row, column, column]
    sent, received = (
        [y * old.strides[0] + x * old.strides[1] for y, x in places]
        for places in (
            [(1, 1), (height - 2, 1), (1, 1), (1, width - 2)],
            [(0, 1), (height - 1, 1), (1, 0), (1, width - 1)],
        )
    )

    def step(old: Float64Array, new: Float64Array) -> None:
        grid.Neighbor_alltoallw([old, counts, sent, types], [old, counts, received, types])
        sweep(old, new, 1, height - 1)

    solved = march(plate, old, new, step, lambda mine: grid.allreduce(mine, MPI.MAX))
    blocks = grid.gather((slice(top, bottom), slice(left, right), solved.field[1:-1, 1:-1]))
    whole = None
    if blocks is not None:
        whole = np.zeros((plate.n + 2,) * 2)
        for rows, columns, block in blocks:
            whole[rows, columns] = block
    share = 2 * sum(count - 1 for count in grid.dims) / plate.n
    note = f"{' × '.join(map(str, grid.dims))} blocks, {share:.2g} numbers sent for each point"
    for each in (row, column, grid):
        each.Free()
    return solved._replace(field=whole, note=note)
