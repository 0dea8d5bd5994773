"""A build says how long its parts will take, before and while they are built."""

from __future__ import annotations

import pytest

from hpcpy.build.graph import Part
from hpcpy.build.progress import Progress

PARTS = [Part("long", seconds=720), Part("short", seconds=240), Part("last", seconds=10)]


@pytest.mark.parametrize(("cores", "minutes"), [(1, 16), (2, 8), (4, 4), (64, 4)])
def test_the_whole_is_told_at_the_beginning(
    cores: int, minutes: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    Progress(PARTS, at_once=2).begin()
    assert capsys.readouterr().err.strip() == f"3 parts to build: about {minutes} min"


def test_what_is_left_is_told_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    left = Progress(PARTS, at_once=2)
    assert left.end(PARTS[0]) == "about 2 min left"
    assert left.end(PARTS[1]) == "less than a minute left"
    assert left.end(PARTS[2]) == ""
