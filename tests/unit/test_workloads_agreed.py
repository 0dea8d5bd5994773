"""An error of all ranks: who says it, and how long the others wait for that."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workloads.errors import OutputError
from workloads.harness import agreed


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that are slept, without sleeping."""
    seconds: list[float] = []
    monkeypatch.setattr("time.sleep", seconds.append)
    return seconds


def test_the_first_rank_speaks_at_once(
    slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    agreed.say("wrong", is_first=True)
    assert (capsys.readouterr().err, slept) == ("wrong\n", [])


def test_another_rank_waits_for_it_and_says_nothing(
    slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    agreed.say("wrong", is_first=False)
    assert (capsys.readouterr().err, len(slept)) == ("", 1)


def test_an_error_that_the_others_do_not_have_is_said_by_its_rank(
    slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    agreed.tell("traced", OutputError("no room"), is_first=False)
    assert (capsys.readouterr().err, slept) == ("traced: no room\n", [])


def test_ctrl_c_ends_the_wait_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", stop)
    agreed.say("wrong", is_first=False)


@pytest.mark.parametrize(("age", "seconds"), [(0.05, 2.0), (0.5, 5.0), (20.0, 60.0)])
def test_the_rank_that_speaks_has_time_by_how_slow_starts_are(
    age: float, seconds: float, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreed, "_age", lambda: age)
    agreed.let_first_speak()
    assert slept == [seconds]


@pytest.mark.long
def test_a_process_knows_its_age() -> None:
    program = "from workloads.harness.agreed import _age; import time; b = _age(); time.sleep(0.2)"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print(b, _age())"],
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = map(float, done.stdout.split())
    assert 0 <= before < before + 0.2 <= after + 0.02
