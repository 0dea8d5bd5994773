"""An error of all ranks: who says it, and how long the others wait for that."""

from __future__ import annotations

import pytest

from workloads.errors import OutputError
from workloads.parallel import agreed


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that are slept, without sleeping."""
    seconds: list[float] = []
    monkeypatch.setattr("time.sleep", seconds.append)
    return seconds


def test_an_error_that_the_others_do_not_have_is_said_by_its_rank(
    slept: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    agreed.tell("traced", OutputError("no room"), is_first=False)
    assert (capsys.readouterr().err, slept) == ("traced: no room\n", [])


def test_the_rank_that_speaks_has_time_by_how_slow_starts_are(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreed, "_age", lambda: 0.5)
    agreed.let_first_speak()
    assert slept == [5.0]
