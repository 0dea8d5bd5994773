"""Add up numbers over all ranks: what the check HpcpyReduce starts."""

import json
import os

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
total = comm.reduce(comm.rank)
nodes = comm.gather(os.uname().nodename)

numbers = np.full(1_000_000, comm.rank, dtype=np.int64)
sums = np.empty_like(numbers)
comm.Barrier()
start = MPI.Wtime()
comm.Allreduce(numbers, sums)
seconds = comm.reduce(MPI.Wtime() - start, MPI.MAX)
agreeing = comm.reduce(int((sums == comm.size * (comm.size - 1) // 2).all()))

if comm.rank == 0:
    found = {"ranks": comm.size, "nodes": len(set(nodes)), "sum": total, "agreeing": agreeing}
    print(json.dumps({**found, "seconds": seconds}))
