"""Profile a program, and name the line that takes most of its time."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import kind
from workloads.exercise.tasks import Exercise, text

EXERCISE = Exercise(slide="nih 2", function="hot_line", needs=())


def judge(module: Any) -> str:
    answer = module.hot_line()
    if type(answer) is not str:
        return f"{kind(answer, 'hot_line')}: return the line's text, a str"
    answer = answer.strip()
    if answer == "ordered = sorted(values)":
        return ""
    if answer not in {line.strip() for line in text("profile-line").splitlines()}:
        return f"the file has no line {answer[:60]!r}"
    if any(call in answer for call in ("smooth(", "middle(", "main(", "checksum(")):
        return "that line waits for what it calls: look at tottime, not at cumtime"
    if "total + value" in answer or "for value" in answer:
        return "that line runs most often, but is short each time: look at the time, not at hits"
    return "that line takes little of the time"
