"""A sum that is the same on any number of ranks, to the last bit (MPI)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from workloads.exercise.judging import (
    common_numbers,
    counted,
    missing,
    number,
    on_rank,
    watched,
    world,
)
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-sendrecv", "total", "by_blocks")


def judge(module: Any) -> str:
    import numpy as np

    comm, used = world(), set[str]()
    given = watched(comm, used)
    for numbers in _tries(comm):
        mine = np.array_split(numbers, comm.size)[comm.rank]
        answer = number(module.total(given, mine), float, "total", comm)
        want = math.fsum(numbers)
        if wrong := missing(comm, used, "allgather"):
            return wrong
        if abs(answer - want) > 1e-9 * abs(numbers).sum():
            return f"{on_rank(comm)}the sum is {answer}, not {want}"
        if answer != want:
            return f"{answer} is not {want}: it was rounded on the way, not once at the end"
    return ""


def _tries(comm: Any) -> Iterator[Any]:
    """Give numbers of many magnitudes, and such as cancel: no wider type has bits for these.

    Of the first kind each try shows about half the roundings.
    """
    import numpy as np

    random = common_numbers(comm)
    for _ in range(20):
        yield random.normal(size=1200) * 10.0 ** random.integers(17, size=1200)
        large = random.normal(size=400) * 10.0 ** random.integers(17, 60, size=400)
        yield random.permutation(np.concatenate([large, -large, random.normal(size=400)]))


def judge_second(module: Any) -> str:
    import numpy as np

    comm, moved = world(), dict[str, int]()
    given = counted(comm, moved)
    for numbers in _tries(comm):
        mine = np.array_split(numbers, comm.size)[comm.rank]
        answer = number(module.by_blocks(given, mine, 50), float, "by_blocks", comm)
        want = math.fsum(math.fsum(block) for block in numbers.reshape(-1, 50))
        if sent := sorted(call for call, size in moved.items() if size >= mine.nbytes):
            return f"comm.{sent[0]} brings the numbers to other ranks: send a sum for each block"
        if answer != want:
            return f"{answer} is not {want}: each of 24 blocks is rounded once, and their sum once"
    return ""
