"""An error of MPI's is an exception, after which the ranks go on."""

from __future__ import annotations

import pytest
from test_mpi import ranks

TOO_LARGE = """
from mpi4py import MPI
comm = MPI.COMM_WORLD
for allocate in MPI.Win.Allocate, MPI.Win.Allocate_shared:
    try:
        allocate(1 << 60, comm=comm)
    except MPI.Exception as error:
        print(allocate.__name__, "raised" if error.Get_error_class() else error, flush=True)
assert comm.allreduce(1) == comm.size
"""


@pytest.mark.parametrize("count", [1, 2])
def test_a_window_that_is_too_large_is_an_exception(count: int) -> None:
    assert ranks(count, TOO_LARGE) == sorted(["Allocate raised", "Allocate_shared raised"] * count)
