"""Every slide of every talk, run as a class would: answers checked, nothing left out unsaid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from needed import is_drawn, plotted

from running import python
from tiers import sampled
from workloads.__main__ import main
from workloads.talk import slides

SLIDES = [
    pytest.param(name, number, id=f"{name} {number}")
    for name in slides.TALKS
    for number in slides.talk(name).slides
]
CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

for cell in json.load(open(sys.argv[1]))["cells"]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "code" and not text.startswith("!"):
        InteractiveShell.instance().run_cell(text).raise_error()
"""
# The first is the one of `make test`: ranks, and files.
SLIDES.sort(key=lambda each: each.id != "usc 35")


@pytest.mark.parametrize(("name", "number"), sampled(SLIDES))
def test_a_slide_runs_and_its_answers_are_right(
    name: str, number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, chart = tmp_path / "talk.json", tmp_path / "talk.svg"
    words = ["talk", name, str(number), "--repeat", "1", "--json", str(made), *plotted(chart)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert f"{name} {number}: {slides.talk(name).slides[number].title}" in shown.out
    (slide,) = json.loads(made.read_text())["slides"]
    for one in slide["experiments"]:
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
    assert slide["findings"]
    for finding in slide["findings"]:
        assert f"{finding['verdict']} here: {finding['measured']}" in shown.out
    assert is_drawn(chart)


def test_the_cells_of_a_notebook_time_the_code_that_they_show(tmp_path: Path) -> None:
    made = tmp_path / "talk.ipynb"
    assert main(["talk", "nih", "9", "--notebook", str(made)]) == 0
    done = python("-c", CELLS, made, HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout
    # numba-single alone has no workers.
    assert done.stdout.count("per loop") == 1
