"""A class's answers as one page: who is stuck where, and what is wrong how often."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from workloads.exercise.tasks import NAMES

NOT_YET = "the check has not come to it yet"
UNDER_WAY = "its check is under way, or its program has ended or stopped the whole check"
Answers = Mapping[str, Mapping[str, Any]]  # exercise -> the best verdict
_HEAD = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>The class's answers</title>
<style>
body { font: 16px sans-serif; margin: 2em; max-width: 70em; color: #222 }
table { border-collapse: collapse } th, td { border: 1px solid #bbb; padding: .3em .6em }
thead th { writing-mode: vertical-rl; text-align: left } th { font-weight: normal }
td { text-align: center } .right { background: #cdeccd } .wrong { background: #f7cfcf }
</style>
<h1>The class's answers</h1>
"""


def page(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of some verdicts, as ``--json`` has them.

    Whoever has most wrong comes first. Of several answers to an exercise the best is shown.
    """
    given: dict[str, dict[str, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for verdict in verdicts:
        # Files whose names tell no exercise have no column.
        exercises = given[verdict["student"]]
        if verdict["exercise"] in NAMES:
            exercises[verdict["exercise"]].append(verdict)
    best = {
        student: {name: _best(answers) for name, answers in exercises.items()}
        for student, exercises in given.items()
    }
    names = [name for name in NAMES if any(name in answers for answers in best.values())]
    students = sorted(best, key=lambda student: (-_number_wrong(best[student]), student))
    table = _table(best, students, names)
    usual = [_usual(name, {each: best[each].get(name) for each in students}) for name in names]
    return "\n".join([_HEAD, _incomplete(verdicts), table, *usual, _not_checked(verdicts), ""])


def by_mistake(messages: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Return each message with those who got it, the most frequent first; not an empty one.

    Messages count as the same if they differ in numbers alone; the first one is returned.
    """
    mistakes: dict[str, tuple[str, list[str]]] = {}
    for name, message in messages:
        if message:
            kind = re.sub(r"\d[\d.e+-]*", "", message)
            mistakes.setdefault(kind, (message, []))[1].append(name)
    return sorted(mistakes.values(), key=lambda item: -len(item[1]))


def _best(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a student's best answer to an exercise, the latest of equals, and how many it is of.

    A right one whose second part is open has a message, and counts less than one without.
    """
    worth = {None: 0, False: 1, True: 2}
    best = max(
        answers, key=lambda each: (worth[each["passed"]], not each["message"], each["changed"])
    )
    return {**best, "of": len(answers)}


def _incomplete(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Say that the check goes on, or was stopped."""
    done = sum(verdict["message"] not in (NOT_YET, UNDER_WAY) for verdict in verdicts)
    if done == len(verdicts):
        return ""
    lines = [f"Incomplete: {done} of {len(verdicts)} files are checked."]
    under_way = [verdict["name"] for verdict in verdicts if verdict["message"] == UNDER_WAY]
    lines += [f"{name}: {UNDER_WAY}." for name in under_way]
    return f"<p><strong>{escape(' '.join(lines))}</strong></p>"


def _not_checked(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """List the files of which nobody knows whether they are right, and why."""
    lines = [
        f"<li>{escape(verdict['name'])}: not checked: {escape(verdict['message'])}</li>"
        for verdict in verdicts
        if verdict["passed"] is None
    ]
    return "\n".join(["<h2>Not checked</h2>", "<ul>", *lines, "</ul>"]) if lines else ""


def _number_wrong(answers: Answers) -> int:
    return sum(answer["passed"] is False for answer in answers.values())


def _table(best: Mapping[str, Answers], students: Sequence[str], names: Sequence[str]) -> str:
    """Return a row for each student; an answer's message shows under the pointer."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [f"<table><thead><tr><td></td>{heads}</tr></thead>"]
    for student in students:
        cells = ""
        for name in names:
            answer = best[student].get(name)
            cells += "<td>–</td>" if answer is None else _cell(answer)
        rows.append(f"<tr><th>{escape(student)}</th>{cells}</tr>")
    return "\n".join([*rows, "</table>"])


def _cell(answer: Mapping[str, Any]) -> str:
    """Return an answer's mark, with its message; of several, with its file and their number."""
    kind, mark, message = {
        None: ("open", "?", f"not checked: {answer['message']}"),
        False: ("wrong", "✗", answer["message"]),
        True: ("right", "✓", answer["message"]),
    }[answer["passed"]]
    if answer["of"] > 1:
        mark += f"<sup>{answer['of']}</sup>"
        message = f"{answer['name']}, the best of {answer['of']}: {message or 'right'}"
    return f'<td class="{kind}" title="{escape(message)}">{mark}</td>'


def _usual(name: str, answers: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return what is wrong or open in an exercise, the most frequent first, and with whom."""
    judged = {
        student: answer
        for student, answer in answers.items()
        if answer and answer["passed"] is not None
    }
    right = sum(answer["passed"] for answer in judged.values())
    lines = [f"<h2>{escape(name)}: {right} of {len(judged)} right</h2>", "<ul>"]
    messages = [(student, answer["message"]) for student, answer in judged.items()]
    for message, students in by_mistake(messages):
        names = escape(", ".join(students))
        lines.append(f"<li>{len(students)} × {escape(message)} ({names})</li>")
    return "\n".join([*lines, "</ul>"])
