"""Profile a program, and name the line that takes most of its time."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import kind
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="nih 2",
    function="hot_line",
    needs=(),
    task="""
Which line of main, or of what it calls, takes most of the time? Return its text.

    python -m cProfile -s tottime THIS_FILE    tells the function
    %lprun in IPython, or python -m kernprof -lv with @profile before a function, tells the line
""",
    given='''
def checksum(values):
    total = 0
    for value in 10 * values:
        total = (31 * total + value) % 65521
    return total


def middle(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def smooth(values, width):
    result = []
    for first in range(len(values) - width):
        result.append(middle(values[first : first + width]))
    return result


def main():
    values = [number * 7919 % 10007 for number in range(6000)]
    print(checksum(smooth(values, 2000)))


def hot_line():
    """Return the text of the hot line."""
    raise NotImplementedError("profile main, and return the text of its hot line")


if __name__ == "__main__":
    main()
''',
    solution="""
    return "ordered = sorted(values)"
""",
    hint="tottime is a function's own time. sorted is built in: which line calls it?",
)


def judge(module: Any) -> str:
    answer = module.hot_line()
    if type(answer) is not str:
        return f"{kind(answer, 'hot_line')}: return the line's text, a str"
    answer = answer.strip()
    if answer == "ordered = sorted(values)":
        return ""
    if answer not in {line.strip() for line in EXERCISE.given.splitlines()}:
        return f"the file has no line {answer[:60]!r}"
    if any(call in answer for call in ("smooth(", "middle(", "main(", "checksum(")):
        return "that line waits for what it calls: look at tottime, not at cumtime"
    if "total + value" in answer or "for value" in answer:
        return "that line runs most often, but is short each time: look at the time, not at hits"
    return "that line takes little of the time"
