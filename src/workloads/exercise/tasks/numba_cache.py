"""A function that one rank compiles, and the others load (MPI)."""

from __future__ import annotations

import math
import time
from typing import Any

from workloads.exercise.judging import missing, number, on_rank, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("nih 11", needs=("numba",))


def judge(module: Any) -> str:
    import numpy as np

    comm, used = world(), set[str]()
    values = np.arange(1.0, 9) ** 2 + comm.rank
    _save_late(getattr(module.total, "_cache", None))
    comm.Barrier()
    if comm.rank == 0:
        # So that a rank that does not wait for rank 0 finds nothing, however busy the cores are.
        time.sleep(0.5)
    answer, want = module.compute(watched(comm, used), values), np.sqrt(values).sum()
    if wrong := missing(comm, used, "Barrier"):
        return wrong
    answer = number(answer, float, comm=comm)
    if not math.isclose(answer, want):
        return f"{on_rank(comm)}the answer is {answer}, not {want}"
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
