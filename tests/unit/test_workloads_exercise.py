"""Exercises without a package: listed, written, and what is refused before anything runs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.exercise.registry import EXERCISES


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == [*EXERCISES]
    assert main(["exercise", "pi-processes"]) == 0
    assert EXERCISES["pi-processes"].summary in capsys.readouterr().out


def test_files_have_their_task_their_function_and_one_hole(tmp_path: Path) -> None:
    for name in EXERCISES:
        has_one_hole(name, tmp_path / f"{name.replace('-', '_')}.py")


def has_one_hole(name: str, file: Path) -> None:
    assert main(["exercise", name, "--to", str(file)]) == 0
    text = file.read_text()
    assert text.isascii()
    assert "# Task: fill the hole in " in text
    assert f"exercise {name} --check " in text
    tree = ast.parse(text)
    assert EXERCISES[name].function in {
        each.name for each in tree.body if isinstance(each, ast.FunctionDef)
    }
    raised = [each for each in ast.walk(tree) if isinstance(each, ast.Raise)]
    assert len(raised) == 1
    assert "noqa" not in text
    assert "type: ignore" not in text


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.py"
    file.write_text("solved")
    assert main(["exercise", "pi-processes", "--to", str(file)]) == 2
    assert "is there already; give a new file's name" in capsys.readouterr().err
    assert file.read_text() == "solved"


@pytest.mark.parametrize(
    ("words", "file", "said"),
    [
        ("--check", ("my.py", ""), "which exercise?; one of: mandel-numba, "),
        ("pi-processes --check", ("my.py", "def f(:\n"), "my.py:1: "),
        ("pi-processes --check", ("my.txt", ""), "my.txt: Python cannot import that"),
        ("pi-processes --to", ("pi-processes.py", None), "pi-processes.py: Python cannot import"),
        ("pi-processes --to", ("random.py", None), "hides Python's own module random; rename it"),
        ("pi-processes --check", ("random.py", ""), "hides Python's own module random; rename it"),
    ],
)
def test_what_cannot_be_checked_is_one_line(
    words: str,
    file: tuple[str, str | None],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, text = file
    if text is not None:
        (tmp_path / name).write_text(text)
    assert main(["exercise", *words.split(), str(tmp_path / name)]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert said in shown.err


def test_it_is_not_for_ranks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    assert main(["exercise"]) == 2
    assert "without mpiexec or srun" in capsys.readouterr().err
