"""The course's plan: its commands and exercises are there, and the page has the same rows."""

import importlib
import shlex

import pytest

from workloads import course
from workloads.bench.command import parser
from workloads.exercise.tasks import NAMES
from workloads.registry import TOOLS, WORKLOADS
from workloads.talk import slides

ROWS = [row for rows in course.DAYS.values() for row in rows]
COMMANDS = [command for row in ROWS for command in row.shown]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one(command: str) -> None:
    name, *words = shlex.split(command.partition("python -m workloads ")[2])
    if name == "talk":
        talk, number = words
        assert int(number) in slides.talk(talk).slides
    elif name in TOOLS:
        assert not words
    else:
        workload = importlib.import_module(WORKLOADS[name][0]).WORKLOAD
        chosen = parser(workload).parse_args(words)
        assert set((chosen.impl or "auto").split(",")) <= {"auto", *workload.techniques}


def test_each_exercise_is_one_and_belongs_to_one_row() -> None:
    exercises = [name for row in ROWS for name in row.exercises]
    assert sorted(exercises) == sorted(NAMES)


@pytest.mark.parametrize("way", ["two", "1", "2", "half", "one"])
def test_the_plan_of_each_way_is_printed(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert course.main([way]) == 0
    printed = capsys.readouterr().out
    assert all(command in printed for command in COMMANDS) == (way == "two")
    assert "minutes to teach" in printed
