"""A class's answers as one page: who is stuck where, and what is wrong how often."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from workloads.exercise.tasks import NAMES

NOT_YET = "the check has not come to it yet"
UNDER_WAY = "its check is under way, or has ended the whole check"
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
    for each in verdicts:
        # Files whose names tell no exercise have no column.
        exercises = given[each["student"]]
        if each["exercise"] in NAMES:
            exercises[each["exercise"]].append(each)
    by_student = {
        who: {name: _best(answers) for name, answers in exercises.items()}
        for who, exercises in given.items()
    }
    names = [name for name in NAMES if any(name in answers for answers in by_student.values())]
    students = sorted(by_student, key=lambda who: (-_wrong(by_student[who]), who))
    usual = [_usual(name, {who: by_student[who].get(name) for who in students}) for name in names]
    table = _table(by_student, students, names)
    return "\n".join([_HEAD, _incomplete(verdicts), table, *usual, _not_checked(verdicts), ""])


def by_mistake(messages: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Return each mistake with those who have made it, the most frequent first.

    Messages count as the same if they differ in numbers alone; the first one is returned.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for who, message in messages:
        found.setdefault(re.sub(r"\d[\d.e+-]*", "", message), (message, []))[1].append(who)
    return sorted(found.values(), key=lambda item: -len(item[1]))


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
    done = sum(each["message"] not in (NOT_YET, UNDER_WAY) for each in verdicts)
    if done == len(verdicts):
        return ""
    said = [f"Incomplete: {done} of {len(verdicts)} files are checked."]
    said += [f"{each['name']}: {UNDER_WAY}." for each in verdicts if each["message"] == UNDER_WAY]
    return f"<p><strong>{escape(' '.join(said))}</strong></p>"


def _not_checked(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """List the files of which nobody knows whether they are right, and why."""
    lines = [
        f"<li>{escape(each['name'])}: not checked: {escape(each['message'])}</li>"
        for each in verdicts
        if each["passed"] is None
    ]
    return "\n".join(["<h2>Not checked</h2>", "<ul>", *lines, "</ul>"]) if lines else ""


def _wrong(answers: Answers) -> int:
    return sum(each["passed"] is False for each in answers.values())


def _table(by_student: Mapping[str, Answers], students: Sequence[str], names: Sequence[str]) -> str:
    """Return a row for each student; an answer's message shows under the pointer."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [f"<table><thead><tr><td></td>{heads}</tr></thead>"]
    for who in students:
        cells = ""
        for name in names:
            each = by_student[who].get(name)
            cells += "<td>–</td>" if each is None else _cell(each)
        rows.append(f"<tr><th>{escape(who)}</th>{cells}</tr>")
    return "\n".join([*rows, "</table>"])


def _cell(each: Mapping[str, Any]) -> str:
    """Return an answer's mark, with its message; of several, with its file and their number."""
    kind, mark, message = {
        None: ("open", "?", f"not checked: {each['message']}"),
        False: ("wrong", "✗", each["message"]),
        True: ("right", "✓", each["message"]),
    }[each["passed"]]
    if each["of"] > 1:
        mark += f"<sup>{each['of']}</sup>"
        message = f"{each['name']}, the best of {each['of']}: {message or 'right'}"
    return f'<td class="{kind}" title="{escape(message)}">{mark}</td>'


def _usual(name: str, answers: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return what is wrong or open in an exercise, the most frequent first, and with whom."""
    given = [each["passed"] for each in answers.values() if each and each["passed"] is not None]
    messages = [
        (who, each["message"])
        for who, each in answers.items()
        if each and each["passed"] is not None and each["message"]
    ]
    lines = [f"<h2>{escape(name)}: {sum(given)} of {len(given)} right</h2>", "<ul>"]
    for wrong, with_it in by_mistake(messages):
        lines.append(f"<li>{len(with_it)} × {escape(wrong)} ({escape(', '.join(with_it))})</li>")
    return "\n".join([*lines, "</ul>"])
