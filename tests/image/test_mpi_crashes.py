"""The image's MPICH still has a fault that docs/mpi.md tells of; its cure is to be noticed."""

from __future__ import annotations

import pytest
from test_mpi import start

TOO_LARGE = """
from mpi4py import MPI
try:
    MPI.Win.Allocate(1 << 60, comm=MPI.COMM_SELF)
except MPI.Exception:
    print("an exception", flush=True)
"""


@pytest.mark.memory
def test_a_window_that_is_too_large_ends_the_program() -> None:
    # When this fails since MPICH raises the exception: take the row out of docs/mpi.md.
    done = start("mpiexec", "-n", "1", "python3", "-c", TOO_LARGE)
    # Hydra's exit code is the signal's number.
    assert (done.returncode, "an exception" in done.stdout) == (11, False), done.stderr
