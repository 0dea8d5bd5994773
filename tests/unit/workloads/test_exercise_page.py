"""Which files of a class are answers, whose they are, and how the page shows them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from workloads.exercise.answers import Answer, answers
from workloads.exercise.page import page


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def verdict(answer: Answer, passed: bool, message: str = "it is wrong") -> dict[str, Any]:
    file, exercise, student = answer
    about = {"name": str(file), "exercise": exercise, "student": student}
    return {**about, "changed": answer.changed, "passed": passed, "message": message}


# The files, and the students' names on the page.
STUDENTS = [
    (("ann/day1/heat_slices.py", "bob/day1/heat_slices.py"), ["ann", "bob"]),
    (("day1/ann/heat_slices.py", "day1/bob/heat_slices.py"), ["ann", "bob"]),
    (("ann/1/heat_slices.py", "ann/2/heat_sum.py", "bob/1/heat_sum.py"), ["ann", "bob"]),
    (
        ("1/ann/heat_sum.py", "1/bob/heat_sum.py", "2/ann/heat_sum.py"),
        ["1/ann", "1/bob", "2/ann"],
    ),
    (("heat_slices.py", "heat_sum.py"), ["."]),
    (("ann/heat_sum.py", "bob/heat_sum.py", "bob/heat-sum.py"), ["ann", "bob"]),
]


@pytest.mark.parametrize(("names", "students"), STUDENTS)
def test_no_file_is_lost_on_the_page(names: tuple[str, ...], students: list[str]) -> None:
    verdicts = [verdict(each, False) for each in answers([*map(Path, names)], None)]
    written = page(verdicts)
    assert sorted(re.findall("<tr><th>(.*?)</th>", written)) == students
    shown = re.findall("✗(?:<sup>(.)</sup>)?", written)
    assert sum(int(each or "1") for each in shown) == len(names)


def test_a_students_best_answer_is_shown_and_the_latest_of_equals(tmp_path: Path) -> None:
    touch(tmp_path, "ann/1/heat_sum.py", "ann/2/heat_sum.py", "bob/1/heat_sum.py")
    touch(tmp_path, "bob/heat_sum.py", "bob/notes.py", "bob/.old/heat_sum.py")
    touch(tmp_path, "bob/venv/lib/python3/site-packages/heat_sum.py")
    os.utime(tmp_path / "bob" / "1" / "heat_sum.py", (0, 0))
    given = answers([tmp_path], None)
    names = [str(each.file.relative_to(tmp_path)) for each in given]
    assert names == [
        "ann/1/heat_sum.py", "ann/2/heat_sum.py", "bob/heat_sum.py", "bob/1/heat_sum.py"
    ]  # fmt: skip
    results = [(True, "part 2"), (False, "worse"), (False, "late"), (False, "early")]
    written = page([verdict(each, *result) for each, result in zip(given, results, strict=True)])
    ann, bob = sorted(row for row in written.splitlines() if row.startswith("<tr><th>"))
    assert "✓<sup>2</sup>" in ann
    assert "ann/1/heat_sum.py, the best of 2: part 2" in ann
    assert "✗<sup>2</sup>" in bob
    assert "bob/heat_sum.py, the best of 2: late" in bob
    assert "heat-sum: 1 of 2 right" in written


def test_copies_count_and_what_is_nearly_an_answer_is_said(tmp_path: Path) -> None:
    exercises = {"heat_sum (1).py": "heat-sum", "heat_sum-Copy2.py": "heat-sum"}
    exercises |= {"Heat_Sum_v2.py": "Heat-Sum-v2", "heat_sum.py": "heat-sum"}
    exercises |= {"HEATSUM.PY": "HEATSUM", "Copy of heat_sum.py": "Copy of heat-sum"}
    touch(tmp_path, *(f"ann/{name}" for name in exercises), "ann/heat.py", "ann/my.py")
    assert {each.file.name: each.exercise for each in answers([tmp_path], None)} == exercises
