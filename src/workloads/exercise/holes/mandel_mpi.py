"""Exercise mandel-mpi: rows dealt out in turn to MPI ranks, and gathered on rank 0."""

# Task: fill the hole in compute, which every rank calls.
#
# Row k belongs to rank k % size, so that all ranks share the expensive rows. A rank asks
# for its rows by rows(range(first, last, step)): an array of int32, a line for each row.
# Rank 0 returns the image, all rows in their places; the other ranks return None.
#
# comm.rank, comm.size and comm.gather are all you need. It has to work on one rank, too.
#
# Check it: python -m workloads exercise mandel-mpi --check THIS_FILE

from __future__ import annotations

from typing import Any

import numpy as np


def compute(comm: Any, rows: Any, height: int, width: int) -> Any:
    """Return the image of height x width on rank 0."""
    image = np.empty((height, width), np.int32)
    raise NotImplementedError("compute this rank's rows, gather them, put them in place")
