"""Writing and reading back: the command lines and what needs no NumPy."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import environment

from running import run
from workloads.__main__ import main
from workloads.read import command
from workloads.write.files import array_name


def write(*arguments: Any) -> Any:
    return main(["write", *map(str, arguments)])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: path.write_text("0 0\n0 0\n"), "array 1 row 0 column 0: 0.0, not 0.83"),
        (lambda path: path.write_text("0 0\n0\n"), "array 1 has 24 bytes, not 32"),
        (lambda path: path.unlink(), "cannot be read back: [Errno 2]"),
    ],
)
def test_what_is_wrong_is_told_and_exits_1(
    damage: Any,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workloads.write import python

    text = python.text

    def damaged(series: Any, folder: Path, workers: Any) -> Any:
        note = text(series, folder, workers)
        damage(folder / "array-000001.txt")
        return note

    monkeypatch.setattr(python, "text", damaged)
    assert write("--impl", "text", "-n", 3, "-s", 2, "--out", tmp_path / "out") == 1
    shown = capsys.readouterr()
    assert f"WRONG: {says}" in shown.err
    assert not [*tmp_path.iterdir()]


# The kernel refuses the last step: a file gets its name when it is whole.
FAILS = ("strace", "-f", "-o", os.devnull, "-e", "inject=rename,renameat,renameat2:error=EIO")


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("write --impl text -n 3 -s 2 --out", "; choose another folder with --out or TMPDIR\n"),
        ("pi -n 9 --json", "\n"),
    ],
)
def test_a_disk_that_fails_at_the_end_is_one_line_and_leaves_no_result(
    words: str, hint: str, tmp_path: Path
) -> None:
    name, *options = words.split()
    command = (sys.executable, "-m", "workloads", name, *options, tmp_path / "out")
    done = run(*FAILS, *command, env=environment())
    assert (done.returncode, done.stderr.count("\n")) == (73, 1), done.stderr
    assert done.stderr.endswith(f"Input/output error{hint}")
    assert not (tmp_path / "out").exists()


NAME = f"{array_name(4)}.txt"


def test_what_cannot_be_read_is_one_line_and_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(command, "drop_from_cache", lambda folder: (folder / NAME).write_text("x"))
    assert main(["read", "-n", "7", "-s", "3", "--impl", "text", "--cold"]) == 1
    shown = capsys.readouterr().err
    assert "WRONG: cannot be read: could not convert string to float: 'x'" in shown
    assert "Traceback" not in shown
    assert not [*tmp_path.iterdir()]


def test_memory_is_asked_for_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hpcpy_common.machine.available_memory", lambda: 1_000_000)
    assert main(["read", "-s", "500", "--impl", "text"]) == 2
    assert "-s 500 needs 15.3 MiB of memory in each process, 1.0 are available" in (
        capsys.readouterr().err
    )
