"""A trace of several ranks: who waits for whom, and how long."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import kind
from workloads.exercise.tasks import Exercise

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
        answer = module.slowest(_events(waits))
        if type(answer) is not int:
            return f"{kind(answer, 'slowest')}, not int"
        if answer != want:
            return f"{why}: waits of {waits} are for rank {want}, not {answer}"
    return ""
