"""Reading back: the command line and what needs no NumPy."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.read import cache
from workloads.read.registry import FASTEST, TECHNIQUES
from workloads.write import answer, reading
from workloads.write.definition import Series
from workloads.write.files import array_name

NAME = f"{array_name(4)}.txt"


def test_every_format_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TECHNIQUES)
    assert {*FASTEST} <= TECHNIQUES.keys()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("-n 0", "at least 1"),
        ("-n 1000001", "more than 1000000"),
        ("-s x", "'x' is not a whole number"),
        ("-s 16001", "more than 16000"),
        ("--cold=yes", "--cold"),
        ("--out here", "--out"),
        ("--impl multiprocessing", "unknown technique 'multiprocessing'"),
        ("--impl text --scale 1,2", "text has no workers"),
        ("--json {tmp}/absent/read.json", "absent"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    options: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", *options.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


def test_text_is_read_by_number_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["read", "-n", "7", "-s", "3", "--impl", "text", "--repeat", "2"]) == 0
    shown = capsys.readouterr()
    assert (shown.err, shown.out.count("matches the definition")) == ("", 1)
    assert f"read from a temporary folder in {tmp_path}, in the page cache" in shown.out
    assert not [*tmp_path.iterdir()]


def test_a_wrong_array_is_named_and_exits_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    right = answer.definition(Series(7, 3))
    monkeypatch.setattr(answer, "definition", lambda _: lambda t: right(t) if t != 4 else right(3))
    assert main(["read", "-n", "7", "-s", "3", "--impl", "text"]) == 1
    assert "text on 7 arrays 3×3: WRONG: array 4" in capsys.readouterr().err


def test_what_cannot_be_read_is_one_line_and_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cache, "drop", lambda folder: (folder / NAME).write_text("x"))
    assert main(["read", "-n", "7", "-s", "3", "--impl", "text", "--cold"]) == 1
    shown = capsys.readouterr().err
    assert "WRONG: cannot be read: could not convert string to float: 'x'" in shown
    assert "Traceback" not in shown
    assert not [*tmp_path.iterdir()]


def test_memory_is_asked_for_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workloads.harness.machine.available_memory", lambda: 1_000_000)
    assert main(["read", "-s", "500", "--impl", "text"]) == 2
    assert "-s 500 needs 10 MB of memory in each process, 1 are available" in (
        capsys.readouterr().err
    )


def test_readers_give_what_is_wanted_in_that_order(tmp_path: Path) -> None:
    for t in range(3):
        (tmp_path / f"{array_name(t)}.txt").write_text(f"{t}\n")
    found = [array[0] for array in reading.text(tmp_path, Series(3, 1), [2, 0, 1])]
    assert found == [2.0, 0.0, 1.0]
    assert [array[0] for array in reading.text(tmp_path, Series(3, 1))] == [0.0, 1.0, 2.0]


def test_a_first_read_that_fails_is_one_line_and_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("workloads.write.techniques.text.read", fails)
    assert main(["read", "--impl", "text", "-n", "3", "-s", "2"]) == 1
    said = capsys.readouterr().err
    assert said.endswith("/warm-up: cannot be read: [Errno 5] Input/output error\n")
