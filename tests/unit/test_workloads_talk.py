"""Talks: lists, bad input, a slide's table; what needs no numpy is run."""

from __future__ import annotations

import datetime
import importlib
import json
import os
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.bench import command, plot
from workloads.errors import UnavailableError
from workloads.registry import WORKLOADS
from workloads.talk import page, registry, report, run
from workloads.talk.claims import Ratio
from workloads.talk.rows import Outcome, absent
from workloads.talk.slides import Experiment, Slide, Talk

SMALL = Experiment(
    ("pi", "-n", "1000", "--impl", "python,threads", "--workers", "3"),
    {("python", 1): 3.6, ("threads", 3): 1.2, ("threads", 64): 9.0},
    elsewhere={("threads", 64): ("for 64 cores", "pi --impl threads --workers 64")},
)


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the programs that are started import what this process can."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Talk:
    """Make one talk of two small slides the only one, and return it."""
    claims = (Ratio(("python", 1), ("threads", 3)),)
    slides = tuple(Slide(n, "x & y", "why", (SMALL,), claims=claims) for n in (3, 4))
    talk = Talk("A talk", "https://example.org/", "4 cores", slides)
    monkeypatch.setattr(registry, "TALKS", {"mine": "mine"})
    monkeypatch.setitem(sys.modules, "mine", type(sys)("mine"))
    monkeypatch.setattr(sys.modules["mine"], "TALK", talk, raising=False)
    return talk


@pytest.mark.parametrize("name", registry.TALKS)
def test_every_slides_command_can_be_typed(name: str) -> None:
    for experiment in [one for slide in registry.talk(name).slides for one in slide.experiments]:
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


def test_the_page_of_a_class_says_load_date_and_machine(small: Talk) -> None:
    told = report.Told(small.slides[0], [Outcome(SMALL, absent(SMALL, "why"))], 7)
    made = "\n".join(page._page("mine", small, [told]))
    assert "other processes that computed before it: 7" in made
    assert f"{report.here()}; {datetime.datetime.now(datetime.UTC):%Y-%m-}" in made


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
    assert lines[7].split() == ["threads", "64", "9", "s", "–", "–", "0.4", "–", "not", "run"]
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
    monkeypatch.setattr(plot, "matplotlib_classes", lambda: None)
    made, folder = tmp_path / "talk.json", tmp_path / "page"
    files = ["--json", str(made), "--html", str(folder)]
    with pytest.raises(KeyboardInterrupt):
        main(["talk", "mine", *words.split(), *files])
    assert [slide["slide"] for slide in json.loads(made.read_text())["slides"]] == [3]
    assert (folder / "index.html").read_text().count("<h2 ") == 1
    assert [*folder.iterdir()] == [folder / "index.html"]
