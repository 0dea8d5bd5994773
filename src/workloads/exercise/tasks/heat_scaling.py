"""Strong scaling, read from a table: up to how many ranks it is worth its cores."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from workloads.exercise.judging import number
from workloads.exercise.tasks import Exercise

# The same in each run: nobody's verdict changes from one to the next.
_RANDOM = Random(1822)  # noqa: S311
EXERCISE = Exercise(slide="heat mpi-overlap", function="most_ranks", needs=(), second="predict")
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
    # No message shows this one.
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
            source = "from the fewest and the most of the table"
            return f"predict gives {off}, {source}: the serial part does not shrink"
    return ""
