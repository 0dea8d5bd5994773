"""An error of all ranks: who says it, and how long the others wait for that."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from workloads.errors import OutputError
from workloads.parallel import ranks


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that are slept, without sleeping."""
    seconds: list[float] = []
    monkeypatch.setattr("time.sleep", seconds.append)
    return seconds


def test_an_error_that_the_others_do_not_have_is_said_by_its_rank(
    slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    ranks.print_error("traced", OutputError("no room"))
    assert (capsys.readouterr().err, slept) == ("traced: no room\n", [])


def test_the_rank_that_prints_has_time_by_how_slow_starts_are(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    for age, seconds in ((0.5, 5.0), (0, 2.0), (1000, 60.0)):
        start = int((now - age) * os.sysconf("SC_CLK_TCK"))
        stat = f"7 (a ) b) R {'0 ' * 18}{start} 0\n"
        monkeypatch.setattr(Path, "read_text", lambda *_, stat=stat, **__: stat)
        monkeypatch.setattr("time.clock_gettime", lambda _: now)
        ranks.let_first_print()
        assert slept.pop() == pytest.approx(seconds, abs=0.2)
