"""Ranks without shared memory between them work together by each way over TCP."""

from __future__ import annotations

import pytest
from test_mpi import start

WORK = """
from mpi4py import MPI
import numpy as np
comm = MPI.COMM_WORLD
there, here = np.full(1_000_000, comm.rank), np.empty(1_000_000, int)
comm.Sendrecv(there, 1 - comm.rank, recvbuf=here, source=1 - comm.rank)
print((here == 1 - comm.rank).all(), flush=True)
"""


@pytest.mark.parametrize("provider", ["tcp", "sockets"])
def test_ranks_of_two_nodes_work_together(provider: str) -> None:
    # With MPICH's own set of providers `tcp` hung.
    launcher = ("mpiexec", "-n", "2", "-genv", "MPIR_CVAR_NOLOCAL", "1")
    done = start(*launcher, "-genv", "FI_PROVIDER", provider, "python3", "-c", WORK)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")
