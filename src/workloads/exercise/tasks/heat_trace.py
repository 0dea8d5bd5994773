"""A trace of several ranks: who waits for whom, and how long."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from workloads.exercise.judging import number
from workloads.exercise.tasks import Exercise

# The same in each run: nobody's verdict changes from one to the next.
_RANDOM = Random(1822)  # noqa: S311
EXERCISE = Exercise(slide="heat mpi-overlap", function="slowest", needs=(), second="gain")


def _events(waits: dict[int, list[float]]) -> list[dict[str, Any]]:
    sweeps = [{"pid": rank, "name": "sweep", "dur": 1000.0 + rank} for rank in waits]
    return sweeps + [
        {"pid": rank, "name": "Waitall", "dur": each} for rank in waits for each in waits[rank]
    ]


# Waits by rank, the answer, and what a wrong one has done.
_CASES = (
    (
        {0: [9.0, 9.0], 1: [1.0, 2.0], 2: [8.0, 8.0]},
        1,
        "the others wait for the rank that waits least",
    ),
    (
        {0: [5.0, 5.0, 5.0], 1: [9.0], 2: [7.0, 7.0]},
        1,
        "all waits of a rank count, not the longest",
    ),
    ({3: [4.0], 4: [], 5: [6.0]}, 4, "a rank that never waits has waited least"),
)


def judge(module: Any) -> str:
    for waits, want, why in _CASES:
        answer = number(module.slowest(_events(waits)), int, "slowest")
        if answer != want:
            return f"slowest is {answer} for waits of {waits}, not {want}: {why}"
    # No message shows this one.
    waits = {rank: [_RANDOM.uniform(1, 9) for _ in range(5)] for rank in range(10, 19)}
    if module.slowest(_events(waits)) != min(waits, key=lambda rank: sum(waits[rank])):
        return "right for the traces of before, and wrong for another one: compute the answer"
    return ""


def judge_second(module: Any) -> str:
    unit = _RANDOM.uniform(1, 2)
    # Rank 3 computes nothing; rank 1 has most, in two calls.
    sweeps = ((1, 30), (2, 40), (1, 30), (0, 20))
    events = [{"pid": rank, "name": "sweep", "dur": unit * dur} for rank, dur in sweeps]
    events.append({"pid": 3, "name": "Waitall", "dur": unit * 90})
    answer = number(module.gain(events), float, "gain")
    if math.isclose(answer, unit * 30):
        return ""
    return f"gain is {answer / unit:.0f} for ranks that sweep for 20, 60, 40 and 0, not 30"
