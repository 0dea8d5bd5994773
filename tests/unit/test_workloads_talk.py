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
from workloads.talk import registry, report, rows, run
from workloads.talk.claims import Ratio
from workloads.talk.rows import Outcome
from workloads.talk.slides import Experiment, Slide, Talk, times

SMALL = Experiment(
    ("pi", "-n", "1000", "--impl", "python,threads", "--workers", "3"),
    {("python", 1): 3.6, ("threads", 3): 1.2, ("threads", 64): 9.0},
    elsewhere={("threads", 64): ("for 64 cores", "pi --impl threads --workers 64")},
)
ABSENT = Experiment(("pi", "--impl", "cython-seeded", "-n", "10"), times({"cython-seeded": 1.0}))
SLIDES = [
    pytest.param(slide, id=f"{name} {slide.number}")
    for name in registry.TALKS
    for slide in registry.talk(name).slides
]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the programs that are started import what this process can."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Make one talk of one small slide the only one, and return it."""
    claims = (Ratio(("python", 1), ("threads", 3)),)
    slides = (Slide(3, "x & y", "why", (SMALL,), claims=claims),)
    talk = Talk("A talk", "https://example.org/", "4 cores", slides)
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
        names = [key[0] for key in experiment.told if key not in experiment.elsewhere]
        assert asked == ["all"] or [*dict.fromkeys(names)] == asked
        assert experiment.times.keys() <= experiment.told.keys()
        # The talk's ratios refer to one row, as those measured here do.
        assert not experiment.times or next(iter(experiment.times.values())) == 1
        assert sum(times == 1 for times in experiment.times.values()) <= 1
        assert experiment.elsewhere.keys() <= experiment.told.keys()
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
        ("nih --repeat 2", "nothing is run; name a slide, or --all"),
        ("nih 1 --repeat 0", "at least 1"),
        ("nersc --python x", "nothing is run; name a slide, or --all"),
        ("nih 1 --python x", "--python: no slide that is run compares Pythons; nersc 8 does"),
        ("nersc 8 --python /dev/null", "--python /dev/null: Permission denied"),
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
    # A row with a figure of the talk alone.
    assert lines[7].split() == ["threads", "64", "9", "s", "–", "0.4", "–", "not", "run"]
    assert lines[8] == (
        "threads: not run: for 64 cores; to run it: "
        "python -m workloads pi --impl threads --workers 64"
    )
    assert "talk: 4 cores" in lines
    (slide,) = json.loads(made.read_text())["slides"]
    each = slide["experiments"][0]["rows"]
    assert [(row["impl"], row["workers"], row["told"]) for row in each] == [
        ("python", 1, 3.6),
        ("threads", 3, 1.2),
        ("threads", 64, 9.0),
    ]
    assert each[0]["here"] > 0
    assert each[2]["here"] is None


@pytest.mark.usefixtures("small")
def test_repeated_it_tells_the_median_and_keeps_every_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "talk.json"
    assert main(["talk", "mine", "3", "--repeat", "3", "--json", str(made)]) == 0
    assert "least … most" in capsys.readouterr().out.splitlines()[4]
    report_ = json.loads(made.read_text())
    # As every workload's report.
    assert {"machine", "versions", "image", "command", "date", "load_before"} <= report_.keys()
    assert report_["command"].startswith("python -m workloads talk mine 3 --repeat 3")
    (slide,) = report_["slides"]
    assert slide["findings"][0]["verdict"] in ("holds", "is not certain")
    for row in slide["experiments"][0]["rows"][:2]:
        assert len(row["samples"]) == 3
        assert [row["least"], row["here"], row["most"]] == pytest.approx(sorted(row["samples"]))


def test_what_cannot_run_here_is_said(small: Talk) -> None:
    with pytest.raises(UnavailableError, match="compiled kernel absent"):
        run.run(ABSENT)
    outcome = Outcome(ABSENT, rows.absent(ABSENT, "pi: a cannot run here: no <kernel>"), "no")
    # The talk's figure is told all the same.
    assert report.answered(outcome).splitlines()[1:] == [
        "cython-seeded        1   1 s     –            1            –  not run",
        "cython-seeded: not run: no <kernel>; to run it: "
        "python -m workloads pi --impl cython-seeded -n 10",
    ]
    assert "talk: 4 cores\n" in report.closing(small, _told(small, outcome))


def _told(talk: Talk, *outcomes: Outcome) -> report.Told:
    return report.Told(talk.slides[0], outcomes, 0.5)


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
    absent = Outcome(ABSENT, rows.absent(ABSENT, "no <kernel>"), "no <kernel>")
    told = _told(small, Outcome(SMALL, run.run(SMALL)), absent)
    page.write(tmp_path / "out", "mine", small, [told])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["3.svg", "index.html"]
    found = _Page()
    found.feed((tmp_path / "out/index.html").read_text())
    assert found.leads == ["3.svg"]
    assert "script" not in found.tags
    assert "3: x & y" in found.cells
    assert any("not run: no <kernel>; to run" in cell for cell in found.cells)
    assert any(cell.startswith("holds here: threads with 3") for cell in found.cells)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.long
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
        end = time.monotonic() + 300
        while not (found := children.read_text().split()):
            assert time.monotonic() < end
            time.sleep(0.02)
        # The program sets its handler before it starts the child.
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 143
    assert not Path(f"/proc/{found[0]}").exists()
