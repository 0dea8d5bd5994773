"""Exercises without a package: listed, written, and what is refused before anything runs."""

from pathlib import Path

import pytest

from workloads.__main__ import main


def test_a_solution_is_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exercise", "shared-race", "--solution"]) == 0
    printed = capsys.readouterr().out
    assert "NotImplementedError" not in printed
    file = tmp_path / "my.py"
    assert main(["exercise", "shared-race", "--solution", "--to", str(file)]) == 0
    assert file.read_text() == printed


def test_an_mpi_exercise_needs_mpiexec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workloads.exercise.check.importlib.util.find_spec", lambda _: True)
    assert main(["exercise", "mpi-file", "--check", "my.py"]) == 69
    assert "apptainer exec hpcpy.sif python -m workloads exercise" in capsys.readouterr().err


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.py"
    file.write_text("solved")
    assert main(["exercise", "shared-race", "--to", str(file)]) == 2
    assert "is there already; give a new file's name" in capsys.readouterr().err
    assert file.read_text() == "solved"


@pytest.mark.parametrize(
    ("words", "file", "said"),
    [
        ("--check", ("my.py", ""), "which exercise?; one of: profile-line, "),
        ("pi --check", ("my.py", ""), "no exercise 'pi'; one of: profile-line, "),
        ("shared-race --hint --check", ("my.py", ""), "--check excludes --to, --hint and"),
        ("shared-race --json", ("my.json", None), "--json needs --check"),
        ("shared-race --check", ("absent.py", None), "absent.py: No such file or directory"),
        ("shared-race --check", ("my.py", "def f(:\n"), "my.py:1: "),
        ("shared-race --check", ("my.txt", ""), "my.txt: Python cannot import that"),
        ("shared-race --to", ("pi-processes.py", None), "pi-processes.py: Python cannot import"),
        ("shared-race --to", ("random.py", None), "hides Python's own module random; rename it"),
        ("shared-race --check", ("random.py", ""), "hides Python's own module random; rename it"),
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
