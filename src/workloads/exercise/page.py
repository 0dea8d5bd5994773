"""A class's answers as one page: who is stuck where, and what is wrong how often."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from workloads.exercise.tasks import NAMES

NOT_YET = "the check has not come to it yet"
UNDER_WAY = "its check is under way, or its program has ended or stopped the whole check"
# Numbers in which two messages of one mistake may differ: the line of a file, the rank that says
# it, and what is computed or measured.
_OTHERS = re.compile(
    r"(?<=\.py:)\d+|(?<=\bline )\d+|(?<=\brank )\d+"
    r"|-?\b\d+\.\d+(e[+-]?\d+)?|-?\b\d+e[+-]?\d+|\b\d{1,3}(,\d{3})+"
)
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


class Mistake(NamedTuple):
    """Messages that say the same of other numbers, and those who got each."""

    messages: dict[str, list[str]]

    @property
    def names(self) -> list[str]:
        """Those who got one of them."""
        return [*dict.fromkeys(name for names in self.messages.values() for name in names)]

    @property
    def message(self) -> str:
        """The first one, marked if others are not of its numbers."""
        return f"{'like: ' if len(self.messages) > 1 else ''}{next(iter(self.messages))}"


def by_mistake(messages: Iterable[tuple[str, str]]) -> list[Mistake]:
    """Return each mistake with those who made it, the most frequent first; no empty message.

    Messages are of one mistake if they differ only in where the file has it, in which rank says
    it, and in what was computed. Places of an array and small counts tell mistakes apart.
    """
    mistakes: dict[str, Mistake] = {}
    for name, message in messages:
        if message:
            mistake = mistakes.setdefault(_OTHERS.sub("", message), Mistake({}))
            mistake.messages.setdefault(message, []).append(name)
    return sorted(mistakes.values(), key=lambda each: -len(each.names))


def _best(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a student's best answer to an exercise, the latest of equals, and the others.

    A right one whose second part is open has a message, and counts less than one without.
    """
    worth = {None: 0, False: 1, True: 2}
    best, *others = sorted(
        answers,
        key=lambda each: (worth[each["passed"]], not each["message"], each["changed"]),
        reverse=True,
    )
    return {**best, "others": others}


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
    """Return an answer's mark, with its message; of several, with all files and their number."""
    kind, mark, message = {
        None: ("open", "?", f"not checked: {answer['message']}"),
        False: ("wrong", "✗", answer["message"]),
        True: ("right", "✓", answer["message"]),
    }[answer["passed"]]
    if others := answer["others"]:
        mark += f"<sup>{len(others) + 1}</sup>"
        message = f"{answer['name']}, the best of {len(others) + 1}: {message or 'right'}"
        message += "".join(f"; {each['name']}: {each['message'] or 'right'}" for each in others)
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
    messages = dict.fromkeys(
        (student, each["message"])
        for student, answer in judged.items()
        # Beside a right answer a wrong one is of before; of wrong ones each has its reason.
        for each in (answer, *answer["others"])
        if each is answer or each["passed"] is answer["passed"] is False
    )
    for mistake in by_mistake(messages):
        about, names = escape(mistake.message), escape(", ".join(mistake.names))
        lines.append(f"<li>{len(mistake.names)} × {about} ({names})")
        if len(mistake.messages) > 1:
            lines.append("<ul>")
            for message, students in mistake.messages.items():
                lines.append(f"<li>{escape(message)} ({escape(', '.join(students))})</li>")
            lines.append("</ul>")
        lines[-1] += "</li>"
    return "\n".join([*lines, "</ul>"])
