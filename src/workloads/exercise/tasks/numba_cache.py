"""A function that one rank compiles, and the others load (MPI)."""

from __future__ import annotations

import time
from typing import Any

from workloads.exercise.judging import kind, missing, watched
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="nih 11",
    needs=("numpy", "numba", "mpi4py"),
    ranks=(1, 4),
    task="""
Every rank calls compute with values of its own, and returns total(values).

Numba compiles total when it is first called: in each rank, and all ranks at the same time.
With cache=True the code is written into a folder, where a rank that comes later finds it.
So let rank 0 call total first. The others wait for it at a comm.Barrier(), and load the code.
""",
    given='''
import numba


@numba.njit(cache=True)
def total(values):
    """Return the sum of the square roots."""
    result = 0.0
    for value in values:
        result += value**0.5
    return result


def compute(comm, values):
    """Return total(values), without compiling on every rank."""
    raise NotImplementedError("rank 0 first; a barrier; then the others")
''',
    solution="""
    if comm.rank == 0:
        total(values)
    comm.Barrier()
    return total(values)
""",
    hint="Every rank comes to the Barrier, rank 0 after its call. It calls total again for free.",
)


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    values = np.arange(1.0, 9) ** 2 + comm.rank
    _save_late(getattr(module.total, "_cache", None))
    comm.Barrier()
    if comm.rank == 0:
        # So that a rank that does not wait for rank 0 finds nothing, however busy the cores are.
        time.sleep(0.5)
    answer = module.compute(watched(comm, used), values)
    if wrong := missing(comm, used, "Barrier"):
        return wrong
    if answer is None:
        return f"on rank {comm.rank} {kind(answer)}"
    if type(answer) not in {float, np.float64} or abs(answer - np.sqrt(values).sum()) > 1e-9:
        return f"on rank {comm.rank} the answer is {answer}, not {np.sqrt(values).sum()}"
    stats = getattr(module.total, "stats", None)
    if stats is None or stats.cache_path is None:
        return "total keeps no code: numba.njit(cache=True) does"
    counts = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
    return _compiled(comm.allgather(counts))


def _save_late(cache: Any) -> None:
    """Have code saved a second late: ranks that look at once find none on a busy machine, too."""
    save: Any = getattr(cache, "save_overload", None)

    def late(*arguments: Any) -> None:
        time.sleep(1)
        save(*arguments)

    if save:
        cache.save_overload = late


def _compiled(ranks: list[tuple[int, int]]) -> str:
    """Return what is wrong with the ranks' loads and compilations of total."""
    for rank, counts in enumerate(ranks):
        if not any(counts):
            return f"rank {rank} did not call total"
    misses = {rank: count for rank, (_, count) in enumerate(ranks) if count}
    if max(misses.values(), default=0) > 1:
        return "total was compiled for two types of arguments"
    if len(misses) > 1:
        return f"ranks {', '.join(map(str, misses))} compiled total: one is to come first"
    return ""
