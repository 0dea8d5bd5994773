"""The plan of `python -m workloads course` and the pages of the course have the same parts."""

import re
from pathlib import Path

import pytest

from hpcpy.core import paths
from workloads.course import DAYS, Row, main
from workloads.exercise.tasks import NAMES

PAGES = dict(zip(DAYS, ("course-day-1", "course-day-2", "course-more"), strict=True))
# What a part has besides its heading, so that another teacher can hold it.
LABELS = ("Question", "Then you can", "Before", "Remember", "After", "Teacher.")


def page(day: str) -> str:
    path: Path = paths.ROOT / f"docs/tutorials/{PAGES[day]}.md"
    return path.read_text(encoding="utf-8")


def parts(day: str) -> dict[str, str]:
    """Return the text of each part of a page by its heading."""
    _, *pairs = re.split(r"(?m)^## (.+)$", page(day))
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def heading(place: int, row: Row) -> str:
    return f"{place}. {row.title} ({row.teach} + {row.practise} min)"


ROWS = [
    (day, heading(place, row), row)
    for day, rows in DAYS.items()
    for place, row in enumerate(rows, 1)
]


@pytest.mark.parametrize("day", DAYS)
def test_a_page_has_the_plans_parts_in_its_order(day: str) -> None:
    assert [*parts(day)] == [where for name, where, _ in ROWS if name == day]


@pytest.mark.parametrize(("day", "where", "row"), ROWS, ids=[where for _, where, _ in ROWS])
def test_a_part_has_its_lesson_its_commands_and_its_exercises(
    day: str, where: str, row: Row
) -> None:
    text = parts(day)[where]
    assert f"\n*{row.lesson.capitalize()[0]}{row.lesson[1:]}.*\n" in text
    typed = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```$", text))
    assert [command for command in row.shown if command not in typed] == []
    named = set(re.findall(r"`([a-z0-9-]+)`", text)) & set(NAMES)
    assert named == set(row.exercises)
    assert [
        label for label in LABELS if f"<b>{label}" not in text and f"**{label}" not in text
    ] == []


def test_each_exercise_is_in_one_part() -> None:
    assert sorted(name for _, _, row in ROWS for name in row.exercises) == sorted(NAMES)


def test_pictures_of_the_course_are_small() -> None:
    names = {name for day in DAYS for name in re.findall(r"!\[.+\]\((.+\.svg)\)", page(day))}
    folder = paths.ROOT / "docs/tutorials"
    assert names == {path.name for path in folder.glob("*.svg")}
    assert max((folder / name).stat().st_size for name in names) < 15_000


@pytest.mark.parametrize("way", ["all", "1", "2", "more", "two", "half", "one"])
def test_each_way_prints_its_parts_minutes(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([way]) == 0
    shown = capsys.readouterr().out
    minutes = re.findall(r"(\d+) minutes to teach, (\d+) to practise", shown)
    each = re.findall(r"(?m)^ *(\d+) \+ (\d+) min ", shown)
    assert [sum(map(int, column)) for column in zip(*minutes, strict=True)] == [
        sum(map(int, column)) for column in zip(*each, strict=True)
    ]
