"""Reading back: the command line and what needs no NumPy."""

from __future__ import annotations

import signal
from pathlib import Path
from unittest.mock import Mock

import pytest

from workloads.__main__ import main
from workloads.read import command
from workloads.write.files import array_name

NAME = f"{array_name(4)}.txt"


def test_text_is_read_by_number_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["read", "-n", "7", "-s", "3", "--impl", "text", "--repeat", "2"]) == 0
    shown = capsys.readouterr()
    assert (shown.err, shown.out.count("matches the definition")) == ("", 1)
    assert f"read from a temporary folder in {tmp_path}, in the page cache" in shown.out
    assert not [*tmp_path.iterdir()]


def test_no_array_has_signal_handlers_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    calls = Mock(wraps=signal.signal)
    monkeypatch.setattr(signal, "signal", calls)
    for n in ("7", "70"):
        assert main(["read", "-n", n, "-s", "3", "--impl", "text"]) == 0
    assert calls.call_count < 70


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
    monkeypatch.setattr("workloads.bench.machine.available_memory", lambda: 1_000_000)
    assert main(["read", "-s", "500", "--impl", "text"]) == 2
    assert "-s 500 needs 10 MB of memory in each process, 1 are available" in (
        capsys.readouterr().err
    )
