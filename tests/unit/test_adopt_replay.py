"""A program run in two places, and how the runs differ; real processes, traced with ptrace.

Both places are this Python; the second sees a variable that the first does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hpcpy.adopt.replay import Place, compare, environments_python, first_difference, outside
from hpcpy.cli.commands import parse, run
from hpcpy.core.errors import UnavailableError, UsageError

OLD = outside(Path(sys.executable))
NEW = Place("in x.sif", ["/usr/bin/env", "NEW=1", sys.executable], sys.executable)


def program(folder: Path, code: str) -> list[str]:
    (folder / "my.py").write_text(f"import os, sys, time\n{code}\n")
    return [str(folder / "my.py"), "an argument"]


def test_the_same_is_told_with_the_path_calls_of_both(tmp_path: Path) -> None:
    lines, is_same, figures = compare(OLD, NEW, program(tmp_path, "print(sys.argv[1:])"))
    assert is_same
    assert lines[-1] == "the same output, 16 bytes"
    if "were not counted" in lines[0]:
        pytest.skip(lines[0])
    # One Python, one program.
    assert figures["environment"]["path_calls"] == figures["image"]["path_calls"] > 10
    assert f"{figures['image']['path_calls']:,} path calls" in lines[1]


def test_what_differs_is_told_by_its_first_line(tmp_path: Path) -> None:
    own = program(tmp_path, "print('one'); print('two', os.environ.get('NEW'))")
    lines, is_same, _ = compare(OLD, NEW, own)
    assert not is_same
    assert lines[-1] == "the outputs differ: line 2 was 'two None' and is 'two 1'"


def test_a_program_that_never_prints_the_same_is_told(tmp_path: Path) -> None:
    lines, is_same, _ = compare(OLD, NEW, program(tmp_path, "print(time.time_ns())"))
    assert not is_same
    assert lines[-1].endswith("two runs print different things, too")


def test_another_exit_code_comes_with_the_last_words(tmp_path: Path) -> None:
    own = program(tmp_path, "if 'NEW' in os.environ: import no_such_package")
    lines, is_same, figures = compare(OLD, NEW, own)
    assert not is_same
    assert "exit code 1, 0 bytes: ModuleNotFoundError: No module named 'no_such" in lines[1]
    assert lines[-1] == "the exit codes differ: 0 and 1"
    assert figures["image"]["path_calls"] is None


def test_without_an_environment_it_says_how_to_compare(tmp_path: Path) -> None:
    lines, is_same, figures = compare(None, NEW, program(tmp_path, ""))
    assert is_same
    assert "give --python FILE" in lines[-1]
    assert list(figures) == ["image"]


def test_a_python_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        compare(outside(tmp_path / "python"), NEW, program(tmp_path, ""))


def test_the_activated_environments_python_is_found(tmp_path: Path) -> None:
    assert environments_python({}) is None
    assert environments_python({"CONDA_PREFIX": str(tmp_path)}) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    assert environments_python({"CONDA_PREFIX": str(tmp_path)}) == tmp_path / "bin/python"


def test_first_difference_of_more_lines() -> None:
    assert first_difference(b"a\n", b"a\nb\n") == "1 lines and 2"


def test_what_follows_the_dashes_is_the_programs() -> None:
    options = parse(["adopt", "x.yml", "--bake", "--", "my.py", "--out", "--", "x"])
    assert (str(options.what), options.bake, str(options.out)) == ("x.yml", True, "adopted")
    assert options.program == ["my.py", "--out", "--", "x"]
    assert parse(["adopt", "x.yml"]).program == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.yml"], "nowhere.yml: there is no such file or folder"),
        (["x.yml", "--python", "none"], "none: there is no such file"),
        (["x.yml", "--image", "none.sif"], "none.sif: there is no such file"),
        (["x.yml", "--wheelhouse", "none"], "none: there is no such folder"),
        (["x.yml", "--", "my.py"], "my.py: there is no such program"),
        (["x.yml", "--out", "."], "has other files"),
        (["x.yml", "my.py"], "unrecognized arguments: my.py"),
        (["x.yml", "--out", "-"], "is no folder"),
    ],
)
def test_a_wrong_request_is_one_line_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yml").touch()
    with pytest.raises(UsageError, match=says):
        run(["adopt", *words])
