"""Talks: lists, bad input, a slide's table; what needs no numpy is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.errors import UnavailableError
from workloads.talk import run, slides
from workloads.talk.claims import Faster
from workloads.talk.slides import Experiment, Slide, Talk

SMALL = Experiment(
    "pi -n 1000 --impl python,threads --workers 3",
    {"python": 3.6, "threads 3": 1.2, "threads 64": 9.0},
    elsewhere=("for 64 cores", "pi --impl threads --workers 64"),
)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the programs that are started import what this process can."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Make one talk of two small slides the only one, and return it."""
    slide = Slide("x & y", "why", SMALL, claims=[Faster("python", "threads 3")])
    talk = Talk("A talk", "https://example.org/", "4 cores", {3: slide, 4: slide})
    monkeypatch.setattr(slides, "TALKS", ["mine"])
    monkeypatch.setitem(sys.modules, "workloads.talk.mine", type(sys)("mine"))
    monkeypatch.setattr(sys.modules["workloads.talk.mine"], "TALK", talk, raising=False)
    return talk


@pytest.mark.usefixtures("small")
def test_a_slide_has_the_talks_figures_beside_those_of_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "talk.json"
    assert main(["talk", "mine", "3", "--json", str(made)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    (slide,) = json.loads(made.read_text())["slides"]
    each = slide["experiments"][0]["rows"]
    assert [(row["impl"], row["workers"], row["talk"]) for row in each] == [
        ("python", 1, 3.6),
        ("threads", 3, 1.2),
        ("threads", 64, 9.0),
    ]
    assert each[0]["here"] > 0
    assert len(each[0]["samples"]) == 5
    assert each[2]["here"] is None


@pytest.mark.usefixtures("small", "capsys")
@pytest.mark.parametrize("words", ["3 4", "--all"])
def test_a_stopped_run_leaves_the_slides_that_have_ended(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([UnavailableError("not here"), KeyboardInterrupt()])

    def stopped(*_: object) -> None:
        raise next(ends)

    monkeypatch.setattr(run, "run", stopped)
    made, page = tmp_path / "talk.json", tmp_path / "talk.html"
    files = ["--json", str(made), "--html", str(page)]
    with pytest.raises(KeyboardInterrupt):
        main(["talk", "mine", *words.split(), *files])
    assert [slide["slide"] for slide in json.loads(made.read_text())["slides"]] == [3]
    assert page.read_text().count("<h2 ") == 1


def test_a_process_that_computes_is_counted() -> None:
    code = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert run.other_processes() >= 1
        process.kill()
