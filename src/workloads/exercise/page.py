"""A class's answers as one page: who is stuck where, and what is wrong how often."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from workloads.exercise.tasks import NAMES

NOT_YET = "the check has not come to it yet"
Answers = dict[str, Mapping[str, Any]]  # exercise -> verdict
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

    Whoever has most wrong comes first.
    """
    by_student: dict[str, Answers] = defaultdict(dict)
    for who, each in zip(_students(verdicts), verdicts, strict=True):
        # Files whose names tell no exercise have no column.
        answers = by_student[who]
        if each["exercise"] in NAMES:
            answers[each["exercise"]] = each
    names = [name for name in NAMES if any(name in answers for answers in by_student.values())]
    students = sorted(by_student, key=lambda who: (-_wrong(by_student[who]), who))
    usual = [_usual(name, {who: by_student[who].get(name) for who in students}) for name in names]
    table = _table(by_student, students, names)
    return "\n".join([_HEAD, _incomplete(verdicts), table, *usual, _not_checked(verdicts), ""])


def _students(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return who has written each file: the first folder in which their paths differ.

    Where one would have two answers to an exercise it is the whole folder, or the file itself.
    """
    paths = [Path(each["name"]).absolute() for each in verdicts]
    common = os.path.commonpath([path.parent for path in paths])
    below = [path.relative_to(common) for path in paths]
    folders = [path.parent for path in below]
    for found in ([(*path.parts, ".")[0] for path in folders], [*map(str, folders)]):
        answers = {(who, each["exercise"]) for who, each in zip(found, verdicts, strict=True)}
        if len(answers) == len(verdicts):
            return found
    return [*map(str, below)]


def _incomplete(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Say that the check goes on, or was stopped."""
    done = sum(each["message"] != NOT_YET for each in verdicts)
    if done == len(verdicts):
        return ""
    return f"<p><strong>Incomplete: {done} of {len(verdicts)} files are checked.</strong></p>"


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
            if each is None:
                cells += "<td>–</td>"
            elif each["passed"] is None:
                cells += f'<td title="not checked: {escape(each["message"])}">?</td>'
            elif not each["passed"]:
                cells += f'<td class="wrong" title="{escape(each["message"])}">✗</td>'
            else:
                cells += f'<td class="right" title="{escape(each["message"])}">✓</td>'
        rows.append(f"<tr><th>{escape(who)}</th>{cells}</tr>")
    return "\n".join([*rows, "</table>"])


def _usual(name: str, answers: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return what is wrong or open in an exercise, the most frequent first, and with whom."""
    given = [each["passed"] for each in answers.values() if each and each["passed"] is not None]
    whose: dict[str, list[str]] = defaultdict(list)
    for who, each in answers.items():
        if each and each["passed"] is not None and each["message"]:
            whose[each["message"]].append(who)
    lines = [f"<h2>{escape(name)}: {sum(given)} of {len(given)} right</h2>", "<ul>"]
    for wrong, with_it in sorted(whose.items(), key=lambda item: -len(item[1])):
        lines.append(f"<li>{len(with_it)} × {escape(wrong)} ({escape(', '.join(with_it))})</li>")
    return "\n".join([*lines, "</ul>"])
