"""The command `forecast`: what it counts and tells, bad input, its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.__main__ import main


def test_a_module_that_is_not_there_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", "--import", "no_such_module"]) == 69
    assert "Python has no module 'no_such_module'" in capsys.readouterr().err


def test_a_failing_program_exits_1_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.py"
    script.write_text("raise SystemExit('last words')\n")
    assert main(["forecast", "--", str(script)]) == 1
    said = capsys.readouterr().err
    assert said.endswith("bad.py: ended with exit code 1: last words\n")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == [script], "nothing was probed"
