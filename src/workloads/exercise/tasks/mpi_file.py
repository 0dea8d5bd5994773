"""One file, written by all ranks at their own offsets (MPI)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hpcpy_common.errors import HpcpyError
from workloads.exercise.judging import MESSAGES, TO_ALL, difference, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("usc 45", "write")
# All ranks call them together, each for its own rows.
_COLLECTIVE = {
    *("Write_at_all", "Write_all", "Iwrite_at_all", "Iwrite_all"),
    *("Write_at_all_begin", "Write_all_begin", "Write_ordered", "Write_ordered_begin"),
}
_MOVES = MESSAGES | TO_ALL | {"gather", "Gather", "Gatherv", "reduce", "Reduce"}


def judge(module: Any) -> str:
    import numpy as np

    comm, used, called = world(), set[str](), set[str]()
    path = Path(tempfile.gettempdir()) / "rows"
    want = np.arange(1.0, 1 + comm.size * 3 * 4).reshape(-1, 4)
    _watch_files(module, called)
    # The first rank has the last rows: who appends to the file in the order of ranks is wrong.
    first = 3 * (comm.size - 1 - comm.rank)
    module.write(watched(comm, used), str(path), want[first:][:3], first)
    if comm.size > 1 and (moves := used & _MOVES):
        return f"{min(moves)} sends rows to another rank: each writes its own"
    if wrong := _not_called(comm, called):
        return wrong
    comm.Barrier()
    if comm.rank:
        return ""
    size = path.stat().st_size
    if size != want.nbytes:
        why = "an offset is a number of bytes, not of rows or elements"
        return f"the file has {size} bytes, not {want.nbytes}: {why}"
    return difference(np.fromfile(path).reshape(want.shape), want)


def _watch_files(module: Any, called: set[str]) -> None:
    """Have the program's files note in `called` which attributes are read."""
    from mpi4py import MPI

    plain = MPI.File

    class Watched(plain):  # type: ignore[misc, valid-type]
        def __new__(cls, *arguments: Any) -> Any:
            called.add("Open")
            return super().__new__(cls, *arguments)

        def __getattribute__(self, name: str) -> Any:
            called.add(name)
            # Close would wait for ever for the ranks that do write.
            if name == "Close" and (wrong := _not_called(world(), called)):
                raise HpcpyError(wrong)
            return super().__getattribute__(name)

    for names in MPI, module:
        for name in [name for name, value in vars(names).items() if value is plain]:
            setattr(names, name, Watched)


def _not_called(comm: Any, called: set[str]) -> str:
    """Say which of the three steps this rank has left out."""
    if "Open" not in called:
        return f"rank {comm.rank} did not call MPI.File.Open, which every rank must call"
    if not called & _COLLECTIVE:
        why = "which every rank must call, so that MPI writes all rows together"
        return f"rank {comm.rank} did not call Write_at_all, {why}"
    if "Close" not in called:
        return f"rank {comm.rank} did not call Close: the file is whole when every rank has closed"
    return ""
