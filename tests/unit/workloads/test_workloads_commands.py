"""Commands of pi, write, read and exercise without a package: bad input, wrong answers, lists."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import environment

from hpcpy_common.errors import UsageError, WorkerError
from running import executable, run
from workloads.__main__ import main
from workloads.pi import answer, others
from workloads.read import command
from workloads.write.reading import array_name


def python(folder: Path, version: str) -> str:
    """Return a program that calls itself such a Python, and otherwise is this one."""
    own = f'*) exec {sys.executable} "$@";;'
    text = f'#!/bin/sh\ncase "$3" in *version_info*) echo {version};; {own} esac\n'
    return str(executable(folder / version, text))


def test_other_pythons_count_beside_this_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free, other = python(tmp_path, "3.14.0t"), python(tmp_path, "3.14.0")
    rows = {"python-3.14.0": other, "python-3.14.0t": free, "python-3.14.0t_2": free}
    assert others.named([other, free, free]) == rows
    assert main(["pi", "-n", "1000", "--python", other, "--python", free]) == 0
    shown = capsys.readouterr().out
    for row in ("python", "python-3.14.0", "python-3.14.0t"):
        assert f"\n{row} " in shown
    assert shown.count("seeded, 1 at work: 780 hits") == 1


def test_a_python_that_fails_or_is_too_old_is_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no Python 3\.7 or later"):
        others.named([python(tmp_path, "3.6.15")])
    with pytest.raises(UsageError, match="absent: No such file"):
        others.named([str(tmp_path / "absent")])
    with pytest.raises(WorkerError, match=r"python\S* ended with 1: ValueError: "):
        others.count(sys.executable, "no seed", 1)  # type: ignore[arg-type]


def test_too_many_to_count_again_must_be_likely() -> None:
    pairs = 2**40
    assert answer.check("numpy", 863_544_000_000, pairs, 1, 1)[0] is False
    right, says = answer.check("numpy", round(pairs * 0.785398163), pairs, 1, 1)
    assert right
    assert "standard deviations" in says


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

    def damaged(series: Any, folder: Path) -> None:
        text(series, folder)
        damage(folder / "array-000001.txt")

    monkeypatch.setattr(python, "text", damaged)
    words = ["--impl", "text", "-n", "3", "-s", "2", "--out", str(tmp_path / "out")]
    assert main(["write", *words]) == 1
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


def test_what_cannot_be_read_is_one_line_and_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    name = f"{array_name(4)}.txt"
    monkeypatch.setattr(command, "drop_from_cache", lambda folder: (folder / name).write_text("x"))
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


def test_an_mpi_exercise_needs_mpiexec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workloads.exercise.check.importlib.util.find_spec", lambda _: True)
    assert main(["exercise", "mpi-file", "--check", "my.py"]) == 69
    assert "apptainer exec hpcpy.sif python -m workloads exercise" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "file", "said"),
    [
        ("--check", ("my.py", ""), "my.py is named as no exercise; heat_halo.py is, of heat-halo"),
        ("pi --check", ("my.py", ""), "no exercise 'pi'; one of: profile-line, "),
        ("shared-race --check", ("absent.py", None), "absent.py: No such file or directory"),
        ("shared-race --check", ("my.py", "def f(:\n"), "my.py:1: "),
        ("shared-race --to", ("my.py", "solved"), "is there already; give a new file's name"),
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
    assert text is None or (tmp_path / name).read_text() == text


def test_it_is_not_for_ranks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    assert main(["exercise"]) == 2
    assert "without mpiexec or srun" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["write", "read"])
def test_a_temporary_folder_that_is_none_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Figures were of the disk with /tmp, in silence.
    monkeypatch.setenv("TMPDIR", f"{tmp_path}/none")
    assert main([name, "-n", "2", "-s", "2"]) == 2
    assert f"TMPDIR={tmp_path}/none: is no folder" in capsys.readouterr().err


def test_spark_needs_pyspark_beside_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("workloads_spark")  # as in a checkout
    assert main(["pi", "--impl", "spark", "-n", "1000"]) == 69
    assert "spark cannot run here: Spark is not in this image" in capsys.readouterr().err
