"""Which files of a class are answers, whose they are, and how the page shows them."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from workloads.exercise.answers import Answer, answers, exercise_of
from workloads.exercise.page import by_mistake, page


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
    (
        ("1/ann/heat_sum.py", "1/bob/heat_sum.py", "2/ann/heat_sum.py"),
        ["1/ann", "1/bob", "2/ann"],
    ),
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
    assert re.search("bob/heat_sum.py, the best of 2: late; [^;]*/bob/1/heat_sum.py: early", bob)
    # A wrong answer counts beside another wrong one, and not beside a right one.
    assert re.findall(r"<li>1 × (\w+ ?\d?) \((\w+)\)", written) == [
        ("late", "bob"), ("early", "bob"), ("part 2", "ann")
    ]  # fmt: skip
    assert "heat-sum: 1 of 2 right" in written


# A message, another one, and whether both are of one mistake.
ALIKE = [
    (
        "[1, 1] is 31.75, not 32.25; wrong: 9 of 20",
        "[1, 1] is -3.2e+05, not 32.25; wrong: 9 of 20",
        1,
    ),
    ("[1, 1] is 31.75, not 32.25", "[0, 1] is 31.75, not 32.25", 0),
    ("my.py:3: NameError: x", "my.py:17: NameError: x", 1),
]


@pytest.mark.parametrize(("one", "other", "alike"), ALIKE)
def test_no_numbers_of_one_student_stand_for_another(one: str, other: str, alike: int) -> None:
    mistakes = by_mistake([("ann", one), ("bob", other), ("cat", one), ("cat", other)])
    if not alike:
        names = [(one, ["ann", "cat"]), (other, ["bob", "cat"])]
        assert [(each.message, each.names) for each in mistakes] == names
        return
    assert [(each.message, each.names) for each in mistakes] == [
        (f"like: {one}", ["ann", "cat", "bob"])
    ]
    answer = [Answer(Path(f"{who}/heat_sum.py"), "heat-sum", who) for who in ("ann", "bob")]
    written = page([verdict(answer[0], False, one), verdict(answer[1], False, other)])
    assert f"<li>2 × like: {one} (ann, bob)\n<ul>\n<li>{one} (ann)</li>" in written
    assert f"<li>{other} (bob)</li>\n</ul></li>" in written


def test_each_student_of_a_class_has_a_row(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "c/ann/heat_sum.py",
        "c/bob/notes.txt",
        "c/bob/heat.txt",
        "c/day/a/b/c/heat_sum.py",
    )
    touch(tmp_path, *(f"c/gil/{name}" for name in ("heat_su.py", "heatsum.py", "heat_sum.py")))
    touch(tmp_path, *(f"c/hal/{name}" for name in ("heat_sum.txt", "heat_sum.py.txt", "heat-sum")))
    touch(tmp_path, "elsewhere/heat_sum.py", "c/.git/heat_sum.py", "c/ida/Heat-Sum-Copy1.ipynb")
    (tmp_path / "c/eve").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "c/fay.d").symlink_to(tmp_path / "absent")
    given = sorted(
        (each.student, each.file.name, each.exercise) for each in answers([tmp_path / "c"], None)
    )
    assert given == [
        ("ann", "heat_sum.py", "heat-sum"),
        ("bob", "bob", "none"),
        ("day", "heat_sum.py", "heat-sum"),
        ("eve", "eve", "link"),
        ("fay.d", "fay.d", "link"),
        ("gil", "heat_sum.py", "heat-sum"),
        ("gil", "heatsum.py", "heat-sum"),
        ("hal", "hal", "none"),
        ("ida", "Heat-Sum-Copy1.ipynb", "heat-sum"),
    ]


@pytest.mark.parametrize(
    ("name", "exercise"),
    [
        ("heatslices.py", "heat-slices"),
        ("Copy of heat_slices (1).py", "heat-slices"),
        ("heat_slice.py", ""),
        ("heat.py", ""),
    ],
)
def test_the_exercise_that_was_meant_is_found(name: str, exercise: str) -> None:
    assert exercise_of(Path(name)) == exercise
