"""Ranks that write or read one HDF5 file together: `FILE write|read HINTS`, HINTS in JSON.

Rank 0 prints the hints that MPI says it follows.
"""

import json
import sys

import h5py
import numpy as np
from mpi4py import MPI

ROWS, COLUMNS = 64, 3000
VALUES = np.arange(float(ROWS * COLUMNS)).reshape(ROWS, COLUMNS)

path, what, hints = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
world = MPI.COMM_WORLD
info = MPI.Info.Create(hints)
# Rows by turns: neighbours in the file are of different nodes and ranks.
mine = slice(world.rank, None, world.size)
with h5py.File(path, "w" if what == "write" else "r", driver="mpio", comm=world, info=info) as file:
    if what == "write":
        together = file.create_dataset("together", VALUES.shape)
        alone = file.create_dataset("alone", VALUES.shape)
        with together.collective:
            together[mine] = VALUES[mine]
        alone[mine] = VALUES[mine]
    else:
        # From the last row to the first, by columns that no rank has written as such.
        part = slice(world.rank * COLUMNS // world.size, (world.rank + 1) * COLUMNS // world.size)
        for name in ("together", "alone"):
            with file[name].collective:
                read = file[name][:, part]
            assert np.array_equal(read, VALUES[:, part]), name
            for row in reversed(range(ROWS)):
                assert np.array_equal(file[name][row], VALUES[row]), (name, row)
opened = MPI.File.Open(world, path, MPI.MODE_RDONLY, info)
followed = dict(opened.Get_info().items())
opened.Close()
told = world.gather(MPI.Get_processor_name())
if world.rank == 0:
    print(json.dumps({"nodes": sorted(set(told)), "ranks": len(told), "hints": followed}))
