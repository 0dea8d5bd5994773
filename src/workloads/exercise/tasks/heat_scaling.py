"""Strong scaling, read from a table: up to how many ranks it is worth its cores."""

from __future__ import annotations

import math
from random import SystemRandom
from typing import Any

from workloads.exercise.judging import number
from workloads.exercise.tasks import Exercise, Second

_RANDOM = SystemRandom()
EXERCISE = Exercise(
    slide="heat mpi-overlap",
    function="most_ranks",
    needs=(),
    task="""
`seconds` has the time of one plate by number of ranks: {1: 100.0, 2: 52.0, 4: 28.0, …}. Return
the largest number of ranks whose efficiency is at least `least`. The efficiency of p ranks is
their speed-up beside the fewest ranks that were measured, divided by how many times as many
they are: of {1: 100.0, 4: 50.0} it is 0.5 for 4 ranks, which are twice as fast.
""",
    given='''
def most_ranks(seconds, least):
    """Return the largest number of ranks whose efficiency is at least `least`."""
    raise NotImplementedError("the efficiency of each number of ranks, beside the fewest")
''',
    solution="""
    fewest = min(seconds)
    work = fewest * seconds[fewest]
    return max(ranks for ranks in seconds if work / (ranks * seconds[ranks]) >= least)
""",
    hint="Ranks times seconds is what was paid. How does that of the fewest compare?",
    second=Second(
        function="predict",
        task="""
By Amdahl's law p ranks take serial + parallel / p seconds. Take both from the fewest ranks of the
table and the most, and return the seconds of `ranks` ranks.
""",
        given='''
def predict(seconds, ranks):
    """Return how many seconds so many ranks take by Amdahl's law, a float."""
    raise NotImplementedError("two equations: serial and parallel")
''',
        solution="""
    few, many = min(seconds), max(seconds)
    parallel = (seconds[few] - seconds[many]) / (1 / few - 1 / many)
    return seconds[few] + parallel * (1 / ranks - 1 / few)
""",
        hint="The difference of both times is parallel * (1 / few - 1 / many).",
    ),
)
# Table, least, answer, and what a wrong one has done.
_CASES = (
    ({1: 100.0, 2: 52.0, 4: 28.0, 8: 18.0, 16: 14.0}, 0.5, 8, ""),
    ({1: 100.0, 2: 52.0, 4: 28.0, 8: 18.0, 16: 14.0}, 0.8, 4, ""),
    ({1: 100.0, 4: 50.0}, 0.5, 4, "an efficiency of 0.5 is at least 0.5: "),
    # In another order, and not from one rank on.
    ({64: 5.5, 8: 20.0, 16: 11.0}, 0.9, 16, "the fewest ranks here are 8: "),
    # A large number may be worth it where a smaller one is not.
    ({1: 60.0, 4: 30.0, 6: 12.0}, 0.75, 6, "6 ranks are worth it, though 4 are not: "),
)


def judge(module: Any) -> str:
    for seconds, least, want, why in _CASES:
        answer = number(module.most_ranks(dict(seconds), least), int, "most_ranks")
        if answer != want:
            return f"{why}most_ranks({seconds}, {least}) is {answer}, not {want}"
    # Nobody can know this one before.
    fewest, least = _RANDOM.randrange(9, 99), _RANDOM.uniform(0.76, 0.9)
    seconds = {fewest: 60.0, 2 * fewest: 33.0, 4 * fewest: 20.0}
    if module.most_ranks(seconds, least) != 2 * fewest:
        return "right for the tables of before, and wrong for another one: compute the answer"
    return ""


def judge_second(module: Any) -> str:
    unit = _RANDOM.uniform(1, 2)
    seconds = {ranks: unit * (5 + 80 / ranks) for ranks in (16, 2)}
    # Those between are beside the law, as measured ones are.
    seconds |= {ranks: unit * _RANDOM.uniform(20, 30) for ranks in (4, 8)}
    for ranks in 1, 64:
        answer = number(module.predict(dict(seconds), ranks), float, "predict")
        want = unit * (5 + 80 / ranks)
        if not math.isclose(answer, want, rel_tol=1e-6):
            off = f"{answer / want:.2f} times what the law says of {ranks} ranks"
            by = "by the fewest and the most of the table"
            return f"predict gives {off} {by}: the serial part does not shrink"
    return ""
