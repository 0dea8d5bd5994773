"""A program run in two places, and how the runs differ; real processes, traced by strace.

Both places are this Python; the second sees a variable that the first does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hpcpy.engine.traced import Place, compare, outside
from hpcpy.cli.commands import run
from hpcpy.core.errors import UsageError

OLD = outside(Path(sys.executable))
NEW = Place("in x.sif", ["/usr/bin/env", "NEW=1", sys.executable], sys.executable)


def program(folder: Path, code: str) -> list[str]:
    (folder / "my.py").write_text(f"import os, sys\n{code}\n")
    return [str(folder / "my.py"), "an argument"]


def test_what_differs_is_told_by_its_first_line(tmp_path: Path) -> None:
    own = program(tmp_path, "print('one'); print('two', os.environ.get('NEW'))")
    lines, is_same, _ = compare(OLD, NEW, own)
    assert not is_same
    assert lines[-1] == "the outputs differ: line 2 was 'two None' and is 'two 1'"


def test_another_exit_code_comes_with_the_last_words(tmp_path: Path) -> None:
    own = program(tmp_path, "if 'NEW' in os.environ: import no_such_package")
    lines, is_same, figures = compare(OLD, NEW, own)
    assert not is_same
    assert "exit code 1, 0 bytes: ModuleNotFoundError: No module named 'no_such" in lines[1]
    assert lines[-1] == "the exit codes differ: 0 and 1"
    assert figures["image"]["path_calls"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.yml"], "nowhere.yml: there is no such file or folder"),
        (["x.yml", "--python", "none"], "none: there is no such file"),
        (["x.yml", "--image", "none.sif"], "none.sif: there is no such file"),
        (["x.yml", "--wheelhouse", "none"], "none: there is no such folder"),
        (["x.yml", "--", "my.py"], "my.py: there is no such program"),
        (["x.yml", "--out", "."], "has other files"),
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
