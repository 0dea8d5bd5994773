"""One dataset of an HDF5 file, written by all ranks together; checked on 1 and 4 ranks."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from workloads.exercise.judging import difference, missing, no_dataset, watched
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat mpi-checkpoint",
    function="write",
    needs=("numpy", "h5py", "mpi4py"),
    ranks=(1, 4),
    task="""
Each rank has some rows of a plate, `mine`; they begin with row `first` of its `n` rows. Write all
of them into the dataset "field" of the HDF5 file at `path`.

h5py.File(path, "w", driver="mpio", comm=comm) is opened by all ranks together, and so is each
dataset created: by all, of the same shape. Then each rank writes its own rows. No rank needs the
others' rows: a plate that no node's memory holds can be written like this.
""",
    given='''
import h5py


def write(comm, path, mine, first, n):
    """Write this rank's rows, which begin with row `first` of the n."""
    raise NotImplementedError("one file of all ranks, one dataset of all rows")
''',
    solution="""
    with h5py.File(path, "w", driver="mpio", comm=comm) as file:
        field = file.create_dataset("field", (n, mine.shape[1]), mine.dtype)
        field[first : first + len(mine)] = mine
""",
    hint="create_dataset takes the shape of the whole plate: (n, mine.shape[1]).",
)
_SENDS = {"gather", "Gather", "Gatherv", "allgather", "Allgather", "Allgatherv", "send", "Send"}


def judge(module: Any) -> str:
    import h5py
    import numpy as np
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    path = comm.bcast(str(Path(tempfile.mkdtemp()) / "plate.h5") if comm.rank == 0 else None)
    bounds = [0, 3, 7, 12, 18] if comm.size > 1 else [0, 18]
    first, last = bounds[comm.rank : comm.rank + 2]
    want = np.arange(18.0 * 5).reshape(18, 5) + 1
    drivers, own = list[Any](), h5py.File

    class Noted(h5py.File):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            drivers.append(options.get("driver"))
            super().__init__(*args, **options)

    h5py.File = Noted
    module.write(watched(comm, used), path, want[first:last].copy(), first, 18)
    h5py.File = own
    if sent := sorted(used & _SENDS):
        return f"comm.{sent[0]} brings rows to another rank: each rank writes its own"
    if set(drivers) - {"mpio"}:
        return 'each rank opens a file of its own: driver="mpio", comm=comm opens one for all'
    comm.Barrier()
    if not Path(path).exists():
        return missing(comm, used, "Barrier") or "there is no file at path"
    with h5py.File(path, "r") as file:
        return no_dataset(file, "field") or difference(file["field"][()], want, "write")
