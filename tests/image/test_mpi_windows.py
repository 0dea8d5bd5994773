"""A window that no memory can hold raises, and the program goes on."""

import pytest
from test_mpi import ranks

TOO_LARGE = """
from array import array
from mpi4py import MPI
comm = MPI.COMM_WORLD
try:
    MPI.Win.Allocate(1 << 60, comm=comm)
except MPI.Exception:
    print("raised")
window = MPI.Win.Allocate(8, comm=comm)
window.Fence()
if comm.rank == 0:
    window.Put(array("q", [7]), comm.size - 1)
window.Fence()
got = array("q", [0])
window.Get(got, comm.size - 1)
window.Fence()
window.Free()
print(got[0])
"""


@pytest.mark.memory
@pytest.mark.parametrize("count", [1, 2])
def test_a_window_that_is_too_large_raises_and_the_next_one_works(count: int) -> None:
    # Without recipes/patches/mpi/window.patch MPICH ends by SIGSEGV, or searches for ever.
    assert ranks(count, TOO_LARGE) == ["7"] * count + ["raised"] * count
