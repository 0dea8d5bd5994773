"""Rows dealt out in turn to MPI ranks, and gathered (MPI)."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import TO_ALL, gathered, missing, on_first, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("nih 11")


def judge(module: Any) -> str:
    import numpy as np

    want = np.arange(12, dtype=np.int32).repeat(5).reshape(12, 5)
    comm, used, asked = world(), set[str](), list[int]()

    def rows(wanted: range) -> Any:
        asked.extend(wanted)
        return want[list(wanted)]

    with gathered(comm):
        answer = module.compute(watched(comm, used), rows, *want.shape)
    if all_ranks := used & TO_ALL:
        return f"{min(all_ranks)} sends the rows to every rank: gather to rank 0 alone"
    if wrong := missing(comm, used, "gather"):
        return wrong
    if wrong := on_first(comm, answer, want):
        is_image = comm.rank == 0 and answer is not None
        return f"{wrong}; a rank's rows belong at image[rank::size]" if is_image else wrong
    # A rank that is wrong does not come to this gather: its verdict ends all.
    for rank, computed in enumerate(comm.gather(asked) or ()):
        if sorted(computed) != [*range(rank, len(want), comm.size)]:
            numbers = ", ".join(map(str, sorted(computed)))
            return f"the image is right, but rank {rank} computed the rows {numbers}"
    return ""
