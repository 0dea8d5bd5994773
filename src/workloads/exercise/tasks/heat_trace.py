"""A trace of several ranks: who waits for whom, and how long."""

from __future__ import annotations

import math
from random import SystemRandom
from typing import Any

from workloads.exercise.judging import number
from workloads.exercise.tasks import Exercise, Second

_RANDOM = SystemRandom()
EXERCISE = Exercise(
    slide="heat mpi-overlap",
    function="slowest",
    needs=(),
    task="""
`events` is what viztracer has written of some ranks: a list of dicts. Each is a call: "pid" is
its rank, "name" the function, "dur" how long it took, in microseconds. Ranks wait in Waitall for
their neighbours. Return the rank for which the others wait: it waits least itself, as its
neighbours are always ready before it.

A rank has many calls, and all its waits count, not the longest. One may have none.
""",
    given='''
def slowest(events):
    """Return the rank that waits least in Waitall, of all ranks that have calls."""
    raise NotImplementedError("add up the waits of each rank, and take the rank with the least")
''',
    solution="""
    waits = dict.fromkeys((event["pid"] for event in events), 0.0)
    for event in events:
        if event["name"] == "Waitall":
            waits[event["pid"]] += event["dur"]
    return min(waits, key=waits.get)
""",
    hint="A dict with 0.0 for each rank first: so a rank without a wait has one, too.",
    second=Second(
        function="gain",
        task="""
Nobody would wait if all ranks computed equally long. Return by how many microseconds the slowest
one's time in sweep would then be shorter: the largest sum of a rank, less the mean of all.
""",
        given='''
def gain(events):
    """Return how much shorter the slowest rank's sweeps were if all had as many."""
    raise NotImplementedError("add up the sweeps of each rank")
''',
        solution="""
    times = dict.fromkeys((event["pid"] for event in events), 0.0)
    for event in events:
        if event["name"] == "sweep":
            times[event["pid"]] += event["dur"]
    return max(times.values()) - sum(times.values()) / len(times)
""",
        hint="A rank that never sweeps counts in the mean: it could take some of the others' work.",
    ),
)


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
            return f"{why}: waits of {waits} are for rank {want}, not {answer}"
    # Nobody can know this one before.
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
