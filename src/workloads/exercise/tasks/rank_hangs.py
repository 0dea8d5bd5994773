"""A rank that hangs writes where it is; who waits for whom (MPI)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workloads.exercise.judging import kind, on_rank, plain, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-send", "run", "last")
_LATE_SECONDS = 1.0
_MOST_SECONDS = 12.0


def judge(module: Any) -> str:
    comm, folder = world(), tempfile.gettempdir()
    files = [Path(folder) / f"stack-{rank}.txt" for rank in range(comm.size)]

    def says_where(file: Path) -> bool:
        return file.exists() and "waits_for_rank_0" in file.read_text("utf-8")

    def waits_for_rank_0(comm: Any) -> int:
        if comm.rank == 0:
            # Asleep when its own timer ends: of a stack that changes only a part is written.
            time.sleep(2 * _LATE_SECONDS)
            _wait(_MOST_SECONDS, lambda: all(map(says_where, files)))
        comm.Barrier()
        return 10 * int(comm.rank)

    def fails(comm: Any) -> None:
        raise KeyError(comm.rank)

    answer = module.run(comm, waits_for_rank_0, _LATE_SECONDS, folder)
    for rank, file in enumerate(files):
        if not says_where(file):
            return f"rank {rank} hangs, and {file.name} does not say where"
    if plain(answer) != 10 * comm.rank:
        return f"{on_rank(comm)}{kind(answer, 'run')}: return what work returns"
    comm.Barrier()  # the next run empties the file
    before = _threads()
    try:
        module.run(comm, fails, 3600, folder)
    except KeyError:
        # The timer's thread leaves a moment after it is told to.
        if _wait(_MOST_SECONDS, lambda: _threads() <= before):
            return ""
        return "the timer goes on when work has raised an error: cancel it in `finally`"
    return f"{on_rank(comm)}the error that work raises is lost: let it pass"


def _wait(seconds: float, is_true: Callable[[], bool]) -> bool:
    """Wait until something is true; return whether it is."""
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.01)
    return is_true()


def _threads() -> int:
    """Return how many threads this process has; the timer is one that Python does not list."""
    return len([*Path("/proc/self/task").iterdir()])


# Who waits for whom, from which rank on, the answer.
_CASES = (
    ({0: 1, 1: 2, 2: None, 3: 0}, 3, [2]),
    ({5: None, 6: 5}, 5, [5]),
    ({0: 3, 1: 0, 2: 1, 3: 1}, 2, [0, 1, 3]),
    ({0: 1, 1: 1}, 0, [1]),
)


def judge_second(module: Any) -> str:
    for waits, rank, want in _CASES:
        answer = module.last(dict(waits), rank)
        if plain(answer) != want:
            return f"last({waits}, {rank}) is {answer}, not {want}"
    return ""
