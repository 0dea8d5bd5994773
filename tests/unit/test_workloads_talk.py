"""Talks: lists, bad input, a slide's table; what needs no numpy is run."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from workloads.__main__ import main
from workloads.errors import UnavailableError
from workloads.harness import command
from workloads.registry import WORKLOADS
from workloads.talk import registry, report, run
from workloads.talk.slides import Experiment, Slide, Talk, times

SMALL = Experiment(
    ("pi", "-n", "1000", "--impl", "python,threads", "--workers", "3"),
    {("python", 1): 3.6, ("threads", 3): 1.2, ("threads", 64): 9.0},
)
ABSENT = Experiment(("pi", "--impl", "cython-seeded", "-n", "10"), times({"cython-seeded": 1.0}))
SLIDES = [
    pytest.param(slide, id=f"{name} {slide.number}")
    for name in registry.TALKS
    for slide in registry.talk(name).slides
]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is started import what is imported here."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Have one talk of one small slide."""
    talk = Talk("A talk", "https://example.org/", "4 cores", (Slide(3, "x & y", "why", (SMALL,)),))
    monkeypatch.setattr(registry, "TALKS", {"mine": "mine"})
    monkeypatch.setitem(sys.modules, "mine", type(sys)("mine"))
    monkeypatch.setattr(sys.modules["mine"], "TALK", talk, raising=False)
    return talk


@pytest.mark.parametrize("slide", SLIDES)
def test_every_slides_command_can_be_typed(slide: Slide) -> None:
    for experiment in slide.experiments:
        workload, *words = experiment.words
        module = importlib.import_module(WORKLOADS[workload][0])
        found = next(v for v in vars(module).values() if type(v).__name__ == "Workload")
        wish = command.parser(found).parse_args(words)
        asked = wish.impl.split(",")
        assert asked == ["all"] or {*asked} <= {*found.techniques}
        assert asked == ["all"] or [*dict.fromkeys(key[0] for key in experiment.told)] == asked
        assert (experiment.ranks > 1) == any(
            found.techniques[one].parallel == "ranks" for one in asked if one != "all"
        )


def test_slides_are_listed_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["talk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("  ")]) == len(SLIDES)
    for name in registry.TALKS:
        numbers = [slide.number for slide in registry.talk(name).slides]
        assert numbers == sorted(set(numbers))
    assert main(["talk", "usc"]) == 0
    assert "  usc 23" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nosuch", "no talk 'nosuch'; one of: nih, usc, nersc"),
        ("nih 99", "nih 99: no slide that computes something; 1, 2, 3"),
        ("nih x", "'x' is not a whole number"),
        ("nih 0", "at least 1"),
        ("--all", "--all: of which talk?"),
        ("nih 1 --all", "--all: a slide is named, too"),
        ("nih --json x", "nothing is run; name a slide, or --all"),
        ("nih --all --plot x.png", "--plot: draws one slide; --html DIR has all"),
        ("nih 1 --json {tmp}/absent/x", "absent"),
        ("nih 1 --plot {tmp}/x.docx", ".docx"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    words: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["talk", *words.format(tmp=tmp_path).split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert says in shown.err


@pytest.mark.usefixtures("small")
def test_a_slide_has_the_talks_figures_beside_those_of_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "talk.json"
    assert main(["talk", "mine", "3", "--json", str(made)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert lines[3] == "python -m workloads pi -n 1000 --impl python,threads --workers 3"
    assert lines[5].split()[:4] == ["python", "1", "3.6", "s"]
    assert lines[5].endswith("matches the definition, counted again")
    assert lines[6].split()[:4] == ["threads", "3", "1.2", "s"]
    # Of the talk alone.
    assert lines[7].split() == ["threads", "64", "9", "s", "–", "0.4", "–", "not", "run"]
    assert "talk: 4 cores" in lines
    (slide,) = json.loads(made.read_text())["slides"]
    rows = slide["experiments"][0]["rows"]
    assert [(row["impl"], row["workers"], row["told"]) for row in rows] == [
        ("python", 1, 3.6),
        ("threads", 3, 1.2),
        ("threads", 64, 9.0),
    ]
    assert rows[0]["here"] > 0
    assert rows[2]["here"] is None


def test_what_cannot_run_here_is_said(small: Talk) -> None:
    with pytest.raises(UnavailableError, match="compiled kernel absent"):
        run.run(ABSENT)
    outcome = report.Outcome(ABSENT, [], "compiled kernel absent")
    assert report.answered(outcome) == "  cannot run here: compiled kernel absent\n"
    assert "talk: 4 cores\n" in report.closing(small, small.slides[0], [outcome])


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells, self.leads, self.tags = [], [], []  # type: ignore[var-annotated]

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.leads += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_a_page_is_whole_and_asks_nobody(
    small: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workloads.talk import chart, page

    def draw(path: Path, *_: Any) -> None:
        path.write_text("<svg/>")

    monkeypatch.setattr(chart, "draw", draw)
    outcomes = [report.Outcome(SMALL, run.run(SMALL)), report.Outcome(ABSENT, [], "no <kernel>")]
    page.write(tmp_path / "out", "mine", small, [(small.slides[0], outcomes)])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["3.svg", "index.html"]
    found = _Page()
    found.feed((tmp_path / "out/index.html").read_text())
    assert found.leads == ["3.svg"]
    assert "script" not in found.tags
    assert "3: x & y" in found.cells
    assert "Cannot run here: no <kernel>" in found.cells
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_stop_ends_what_it_has_started() -> None:
    program = (
        "import signal, sys\n"
        "from workloads.talk import registry, run\n"
        "from workloads.talk.slides import Experiment\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "run.run(Experiment(('pi', '-n', '100000000', '--impl', 'python'), {}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with process:
        end = time.monotonic() + 60
        while not (found := children.read_text().split()):
            assert time.monotonic() < end
            time.sleep(0.02)
        # Its handler is there when the child is.
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
    assert not Path(f"/proc/{found[0]}").exists()
