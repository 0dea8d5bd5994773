"""Every slide of every talk, run as a class would: answers checked, nothing left out unsaid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from needed import is_drawn, plotted

from tiers import sampled
from workloads.__main__ import main
from workloads.talk import registry
from workloads.talk.slides import Slide

SLIDES = [
    pytest.param(name, slide, id=f"{name} {slide.number}")
    for name in registry.TALKS
    for slide in registry.talk(name).slides
]
# The first is the one of `make test`: ranks, and files.
SLIDES.sort(key=lambda each: each.id != "usc 35")


@pytest.mark.parametrize(("name", "slide"), sampled(SLIDES))
def test_a_slide_runs_and_its_answers_are_right(
    name: str, slide: Slide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, chart = tmp_path / "talk.json", tmp_path / "talk.svg"
    words = ["talk", name, str(slide.number), "--repeat", "1", "--json", str(made), *plotted(chart)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert f"{name} {slide.number}: {slide.title}" in shown.out
    (told,) = json.loads(made.read_text())["slides"]
    for one in told["experiments"]:
        # Without a GPU the talk's figures stand alone, and say so.
        assert not one["cannot_run"] or "CUDA device" in one["cannot_run"]
        assert one["rows"]
        for row in one["rows"]:
            if row["here"] is None:
                assert row["reason"]
                assert row["elsewhere"] in shown.out
            else:
                assert row["verdict"]
                assert len(row["samples"]) == 1
    assert told["findings"]
    for finding in told["findings"]:
        assert f"{finding['verdict']} here: {finding['measured']}" in shown.out
    assert is_drawn(chart)
