"""MPI: by blocks, and cyclic."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from mpi4py import MPI

from workloads.mandel.rows import compute_rows

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.rows import Compute


def block(ys: Float64Array, out: Int32Array, compute: Compute, comm: Any) -> None:
    """Give each rank one block of neighbouring rows, the split that comes to mind first.

    Scan computes where a rank's block begins, Gatherv collects blocks of different
    lengths. The rank with the interior of the set works long after the others are done.
    """
    count = len(ys) // comm.size + (comm.rank < len(ys) % comm.size)
    # Scan gives a rank the sum over all ranks up to and with itself.
    end = np.empty(1, "i8")
    comm.Scan(np.array([count], "i8"), end)
    mine = compute(ys[int(end[0]) - count : int(end[0])])
    counts = np.empty(comm.size, "i4") if comm.rank == 0 else None
    comm.Gather(np.array([count], "i4"), counts)
    # MPI-3 counts below 2³¹: so it counts rows, as a large image has more numbers.
    row = MPI.INT32_T.Create_contiguous(mine.shape[1]).Commit()
    # The blocks follow each other without gaps: no displacements are needed.
    comm.Gatherv([mine, count, row], None if counts is None else [out, (counts, None), row])
    row.Free()


def cyclic(ys: Float64Array, out: Int32Array, compute: Compute, comm: Any) -> None:
    """Give row k to rank k mod n, so that all share the expensive region."""
    # A copy: kernels take numbers that lie side by side.
    mine = compute(ys[comm.rank :: comm.size].copy())
    if comm.rank != 0:
        comm.Send(mine, dest=0)
    else:
        out[:: comm.size] = mine
        for rank in range(1, comm.size):
            part = out[rank :: comm.size]
            received = np.empty(part.shape, part.dtype)
            comm.Recv(received, source=rank)
            part[:] = received


if __name__ == "__main__":
    from workloads.mandel.numpy_ import fill

    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    compute = partial(compute_rows, fill, xs, 80)
    cyclic(ys, out, compute, MPI.COMM_WORLD)
    if MPI.COMM_WORLD.rank == 0:
        print(out)
