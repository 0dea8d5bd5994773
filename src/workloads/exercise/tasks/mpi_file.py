"""One file, written by all ranks at their own offsets; checked on 1 and 4 ranks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from workloads.exercise.judging import difference, watched
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="usc 45",
    function="write",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
Every rank calls write with its rows, `mine`, doubles of shape (its rows, width), and the
number of its first row in the file. Write all rows into one file at path, row after row,
without a header. No rank sends its rows to another.

MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_WRONLY) opens it on all ranks,
Write_at_all(offset, array) writes, Close closes.
""",
    given='''
from mpi4py import MPI


def write(comm, path, mine, first):
    """Write this rank's rows, which begin with row `first` of the file."""
    raise NotImplementedError("open the file on all ranks, write at this rank's offset, close")
''',
    solution="""
    file = MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_WRONLY)
    file.Write_at_all(first * mine[0].nbytes, mine)
    file.Close()
""",
    hint="An offset is a number of bytes. How many has a row?",
)
_MOVES = {"gather", "Gather", "Gatherv", "allgather", "Allgather", "Allgatherv", "send", "Send"}


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used, modes = MPI.COMM_WORLD, set[str](), list[str]()
    path = Path(tempfile.gettempdir()) / "rows"
    want = np.arange(1.0, 1 + comm.size * 3 * 4).reshape(-1, 4)

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and str(args[0]) == str(path):
            modes.append(str(args[1]))

    sys.addaudithook(audit)
    module.write(watched(comm, used), str(path), want[3 * comm.rank :][:3], 3 * comm.rank)
    if comm.rank and any("w" in mode for mode in modes):
        return "a rank that opens with mode 'w' empties the file, whoever has written into it"
    if comm.size > 1 and (moves := used & _MOVES):
        return f"{min(moves)} sends rows to another rank: each writes its own"
    comm.Barrier()
    if comm.rank:
        return ""
    size = path.stat().st_size
    if size != want.nbytes:
        why = "an offset is a number of bytes, not of rows or elements"
        return f"the file has {size} bytes, not {want.nbytes}: {why}"
    return difference(np.fromfile(path).reshape(want.shape), want)
