"""A class's answers as one page: who is stuck where, and what is wrong how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import PurePath
from typing import Any

from workloads.exercise.tasks import NAMES

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

    A student is the folder of a file; whoever has most wrong comes first.
    """
    by_student: dict[str, dict[str, str]] = defaultdict(dict)
    for each in verdicts:
        path = PurePath(each["name"])
        answers = by_student[path.parent.name or path.stem]
        # What could not be checked here is no mistake.
        if each["passed"] is not None:
            answers[each["exercise"]] = each["message"]
    found = {name for answers in by_student.values() for name in answers}
    names = [name for name in NAMES if name in found] + sorted(found.difference(NAMES))
    students = sorted(by_student, key=lambda who: (-_wrong(by_student[who]), who))
    usual = [_usual(name, {who: by_student[who].get(name) for who in students}) for name in names]
    return "\n".join([_HEAD, _table(by_student, students, names), *usual, ""])


def _wrong(answers: Mapping[str, str]) -> int:
    return sum(map(bool, answers.values()))


def _table(
    by_student: Mapping[str, Mapping[str, str]], students: Sequence[str], names: Sequence[str]
) -> str:
    """Return a row for each student; a wrong answer's message shows under the pointer."""
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = [f"<table><thead><tr><td></td>{heads}</tr></thead>"]
    for who in students:
        cells = ""
        for name in names:
            message = by_student[who].get(name)
            if message is None:
                cells += "<td>–</td>"
            elif message:
                cells += f'<td class="wrong" title="{escape(message)}">✗</td>'
            else:
                cells += '<td class="right">✓</td>'
        rows.append(f"<tr><th>{escape(who)}</th>{cells}</tr>")
    return "\n".join([*rows, "</table>"])


def _usual(name: str, messages: Mapping[str, str | None]) -> str:
    """Return what is wrong with an exercise, the most frequent first, and with whom."""
    given = [message for message in messages.values() if message is not None]
    whose: dict[str, list[str]] = defaultdict(list)
    for who, message in messages.items():
        if message:
            whose[message].append(who)
    lines = [f"<h2>{escape(name)}: {given.count('')} of {len(given)} right</h2>", "<ul>"]
    for wrong, with_it in sorted(whose.items(), key=lambda item: -len(item[1])):
        lines.append(f"<li>{len(with_it)} × {escape(wrong)} ({escape(', '.join(with_it))})</li>")
    return "\n".join([*lines, "</ul>"])
