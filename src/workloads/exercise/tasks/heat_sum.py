"""A sum that is the same on any number of ranks, to the last bit (MPI)."""

from __future__ import annotations

import math
from typing import Any

from workloads.exercise.judging import counted, kind, missing, watched
from workloads.exercise.tasks import Exercise, Second

EXERCISE = Exercise(
    slide="heat mpi-sendrecv",
    function="total",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
Every rank has some numbers, `mine`, and returns the sum of all ranks' numbers, as a float. It
must be the same to the last bit however many ranks there are.

comm.allreduce(mine.sum()) is not: each rank rounds its own sum, and the sums again. That is fine
for most programs, and two runs then differ in the last digits. Where a result must be the same,
collect the numbers and round once: math.fsum adds without rounding in between.
""",
    given='''
import math

import numpy as np


def total(comm, mine):
    """Return the sum of all ranks' numbers, rounded once."""
    raise NotImplementedError("collect all numbers, and add them up by math.fsum")
''',
    solution="""
    return math.fsum(np.concatenate(comm.allgather(mine)))
""",
    hint="comm.allgather(mine) is a list of arrays on every rank, np.concatenate makes it one.",
    second=Second(
        function="by_blocks",
        task="""
No rank may have all the numbers: there are too many. Every rank has whole blocks of `size` numbers
each, in their order. Add up each block by math.fsum where it lies, and the blocks' sums again:
that is rounded twice, but the same on any number of ranks.
""",
        given='''
def by_blocks(comm, mine, size):
    """Return the sum of all blocks' sums, the same on each rank."""
    raise NotImplementedError("a sum for each own block, then those of all ranks")
''',
        solution="""
    sums = [math.fsum(block) for block in mine.reshape(-1, size)]
    return math.fsum(each for of_rank in comm.allgather(sums) for each in of_rank)
""",
    ),
)


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    # Large numbers that cancel, and small ones that are lost beside them.
    numbers = np.sin(np.arange(1.0, 1201)) * 10.0 ** (np.arange(1200) % 17)
    mine = np.array_split(numbers, comm.size)[comm.rank]
    answer, want = module.total(watched(comm, used), mine), math.fsum(numbers)
    if wrong := missing(comm, used, "allgather"):
        return wrong
    if type(answer) not in (float, np.float64):
        return f"on rank {comm.rank} {kind(answer, 'total')}, not float"
    if float(answer) == want:
        return ""
    if abs(answer - want) > 1e-9 * abs(numbers).sum():
        return f"on rank {comm.rank} the sum is {answer}, not {want}"
    return f"{answer!r} is not {want!r}: it was rounded on the way, and depends on the ranks"


def judge_second(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, moved = MPI.COMM_WORLD, dict[str, int]()
    numbers = np.sin(np.arange(1.0, 1201)) * 10.0 ** (np.arange(1200) % 17)
    mine = np.array_split(numbers, comm.size)[comm.rank]
    answer = module.by_blocks(counted(comm, moved), mine, 50)
    want = math.fsum(math.fsum(block) for block in numbers.reshape(-1, 50))
    if sent := sorted(call for call, size in moved.items() if size >= mine.nbytes):
        return f"comm.{sent[0]} brings the numbers to other ranks: send a sum for each block"
    if type(answer) not in (float, np.float64):
        return f"{kind(answer, 'by_blocks')}, not float"
    return (
        "" if float(answer) == want else f"{answer!r} is not {want!r}: 24 sums, rounded once each"
    )
