"""Pi's command line, what needs no numpy: lists, bad input, the talk's family."""

import sys
from pathlib import Path

import pytest

from hpcpy_common.errors import UsageError, WorkerError
from running import executable
from workloads.__main__ import main
from workloads.pi import answer, definition, others


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


def test_spark_needs_pyspark_beside_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("workloads_spark")  # as in a checkout
    assert main(["pi", "--impl", "spark", "-n", "1000"]) == 69
    assert "spark cannot run here: Spark is not in this image" in capsys.readouterr().err


def test_pure_python_runs_without_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pi", "--impl", "python,threads,sleep-threads", "-n", "1000"]) == 0
    shown = capsys.readouterr().out
    assert "seeded, 1 at work: 780 hits, π ≈ 3.1200000: matches the definition" in shown


def test_a_wrong_count_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = definition.seeded_hits
    monkeypatch.setattr(definition, "python", lambda pairs, seed, _: (right(seed, pairs) + 1, ""))
    assert main(["pi", "--impl", "python", "-n", "1000"]) == 1
    shown = capsys.readouterr()
    want = "WRONG: 781 hits, not 780 (the definition, counted again)"
    assert shown.err == f"pi: python on 1,000 pairs: {want}\n"
    assert want in shown.out


class TestCheck:
    def test_too_many_to_count_again_must_be_likely(self) -> None:
        pairs = 2**40
        assert answer.check("numpy", 863_544_000_000, pairs, 1, 1)[0] is False
        right, says = answer.check("numpy", round(pairs * 0.785398163), pairs, 1, 1)
        assert right
        assert "standard deviations" in says
