"""Talks: a slide's table and rows, whether its lesson holds, the cells of a notebook."""

import dataclasses
import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from hpcpy.core import paths
from hpcpy_common.errors import DiskError, UnavailableError, WorkerError
from workloads.__main__ import main
from workloads.bench.result import Result
from workloads.exercise.tasks import NAMES
from workloads.talk import notebook, report, run, slides
from workloads.talk.claims import SAME, Claim, Faster, TooMany, Trend, judged
from workloads.talk.run import Outcome
from workloads.talk.slides import Experiment, Slide, Talk, by_workers

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
def test_a_notebook_replaces_no_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "mine.ipynb"
    assert main(["talk", "mine", "--notebook", str(made)]) == 0
    made.write_text("with notes")
    assert main(["talk", "mine", "--notebook", str(made)]) == 2
    assert f"--notebook {made}: is there already; give a new file's name" in capsys.readouterr().err
    assert made.read_text() == "with notes"


@pytest.mark.parametrize("name", slides.TALKS)
def test_no_file_of_a_notebook_has_the_name_of_an_answer(name: str) -> None:
    # It was written over a student's mandel_numba.py.
    chosen = slides.talk(name).slides.values()
    files = {code.name for slide in chosen for code in notebook.codes(slide)}
    assert not [file for file in files for each in NAMES if each.replace("-", "_") in file]


@pytest.mark.usefixtures("small", "capsys")
def test_a_stopped_run_leaves_the_slides_that_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [UnavailableError("not here"), KeyboardInterrupt()]
    monkeypatch.setattr(run, "run", Mock(side_effect=ends))
    made, page = tmp_path / "talk.json", tmp_path / "talk.html"
    files = ["--json", str(made), "--html", str(page)]
    with pytest.raises(KeyboardInterrupt):
        main(["talk", "mine", "3", "4", *files])
    assert [slide["slide"] for slide in json.loads(made.read_text())["slides"]] == [3]
    assert page.read_text().count("<h2 ") == 1


@pytest.mark.usefixtures("small")
def test_a_technique_that_fails_is_a_row_and_the_other_slides_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A full disk ended the whole talk, and its JSON lacked what had run.
    reason = "arrays.h5: No space left on device"

    def started(_: object, *options: str) -> None:
        results = [{**dataclasses.asdict(_result("python", 1.0, 1.1)), "ok": True}]
        failures = [{"impl": "threads", "reason": reason}]
        Path(options[-1]).write_text(json.dumps({"results": results, "failures": failures}))
        raise DiskError(f"pi: threads: FAILED: {reason}")

    monkeypatch.setattr(run, "start", started)
    loads = iter([0, 0, 7, 0])
    monkeypatch.setattr(run, "other_processes", lambda: next(loads))
    made = tmp_path / "talk.json"
    assert main(["talk", "mine", "3", "4", "--json", str(made)]) == 73
    shown = capsys.readouterr()
    assert shown.out.count(f"threads: not run: FAILED: {reason}\n") == 2
    assert shown.err.count("\n") == 1
    each = json.loads(made.read_text())["slides"]
    assert [row["here"] for slide in each for row in slide["experiments"][0]["rows"]] == [
        *(1.05, None, None) * 2
    ]
    # What begins to compute after the first slide is other work of the second.
    assert [slide["load_before"] for slide in each] == [0, 7]


def _result(impl: str, *samples: float, **others: Any) -> Result:
    made = {"work": 10, "total": 10, "verdict": "right", "workers": 1, **others}
    return Result(impl, "problem", list(samples), **made)


def _outcome(title: str = "", **seconds: float | tuple[float, ...]) -> Outcome:
    """Return an outcome of rows with one worker each; a number stands for five equal samples."""
    found = []
    for impl, each in seconds.items():
        samples = each if isinstance(each, tuple) else (each,) * 5
        found.append(_result(impl, *samples))
    experiment = Experiment("pi --impl all", dict.fromkeys(seconds, 1.0), title)
    return Outcome(experiment, run.rows(experiment, found))


def test_the_whole_answer_is_held_against_a_stored_hash() -> None:
    (experiment,) = slides.talk("nih").slides[11].experiments
    names = ("threads", "mpi-block", "mpi-cyclic")
    right = [_result(name, 1.0, answer=experiment.sha256) for name in names]
    assert {row.verdict for row in run.rows(experiment, right)} == {
        "matches the stored sha256 of all of it"
    }
    wrong = _result("mpi-cyclic", 1.0, answer="bad")
    with pytest.raises(WorkerError, match="mpi-cyclic: WRONG: sha256 bad, not 9c7dbadf"):
        run.rows(experiment, [right[0], wrong])


def test_a_row_is_the_one_that_was_asked_for_with_fewer_workers_at_work() -> None:
    (experiment,) = slides.talk("nersc").slides[9].experiments
    found = run.rows(experiment, [_result("python", 1.0), _result("threads", 1.0, workers=2)])
    assert [(row.key, row.at_work) for row in found] == [("python", 1), ("threads 4", 2)]
    scaled = Experiment("pi --impl mpi --scale 1,4", by_workers("mpi", {1: 3.6, 4: 0.9}))
    found = run.rows(scaled, [_result("mpi", 2.0), _result("mpi", 1.0, workers=2)])
    assert [(row.key, row.at_work, row.here) for row in found] == [("mpi", 1, 2), ("mpi 4", 2, 1)]


def test_a_figure_of_nersc_stands_beside_the_row_that_does_the_same() -> None:
    # The talk spawns with the start in its clock, has Dask's delayed, and MPI on four ranks alone.
    figures: dict[int, dict[str, float | None]] = {
        number: {key: value for each in slide.experiments for key, value in each.figures.items()}
        for number, slide in slides.talk("nersc").slides.items()
    }
    of_pi = {key: seconds for number in (12, 15, 17) for key, seconds in figures[number].items()}
    assert (of_pi["spawn 4"], of_pi["multiprocessing 4"]) == (1.0609, None)
    assert (of_pi["dask-delayed 4"], of_pi["dask 4"]) == (1.2273, None)
    assert figures[14] == {"mpi": None, "mpi 4": 0.9922}


def test_a_later_figure_stands_behind_the_deck_s_and_workers_have_an_efficiency() -> None:
    figures, later = by_workers("mpi", {1: 2.72, 2: 1.54}), by_workers("mpi", {1: 2.71, 2: 1.36})
    command, years = "pi --impl mpi --scale 1,2", ("2017", "2020")
    new = Experiment(command, figures, later=later, years=years)
    found = run.rows(new, [_result("mpi", 1.0), _result("mpi", 1.0, workers=2)])
    head, *lines = report.table(Outcome(new, found)).splitlines()
    assert "talk 2017  talk 2020" in head
    assert [re.findall(r"\d\.\d+ s", line)[:2] for line in lines] == [
        ["2.72 s", "2.71 s"],
        ["1.54 s", "1.36 s"],
    ]
    assert ["1.77 (88%)" in line for line in lines] == [False, True]
    old = report.table(Outcome(Experiment(command, figures), found))
    assert "talk 20" not in old


@pytest.mark.parametrize("name", slides.TALKS)
def test_the_page_of_results_has_the_figures_of_the_slides(name: str) -> None:
    # A figure once stood beside a row that does something else.
    measured = json.loads((paths.ROOT / f"docs/results/talk-{name}.json").read_text())
    for each in measured["slides"]:
        slide = slides.talk(name).slides[each["slide"]]
        assert (each["lesson"], each["differs"]) == (slide.lesson, slide.differs)
        for one, its in zip(slide.experiments, each["experiments"], strict=True):
            rows = {run.Row(row["impl"], row["workers"]).key: row for row in its["rows"]}
            assert rows.keys() >= one.figures.keys()
            column = "talk_times" if one.are_gains else "talk"
            for key, row in rows.items():
                assert (row[column], row["later"]) == (one.figures.get(key), one.later.get(key))


# The claim, seconds of its rows, processes that computed beside it, and the verdict.
JUDGED = [
    (Faster("a", "b"), 2.0, 1.0, 0, "holds"),
    (Faster("a", "b"), 1.0, 2.0, 0, "does not hold"),
    (Faster("a", "b"), (1.0, 1.5, 1.5, 1.5, 2.0), (1.5, 1.5, 1.5, 1.5, 1.6), 0, "is not certain"),
    (Faster("a", "b", *SAME), 1.0, 1.5, 0, "does not hold"),
    (TooMany(""), 1.0, 2.0, 0, "holds"),
    # Fewer than five samples.
    (Faster("a", "b"), (2.0,) * 4, 1.0, 0, "is not certain"),
    (Faster("a", "c"), 2.0, 1.0, 0, "was not measured"),
    # One worker needs a core of four; three others may have the rest.
    (Faster("a", "b"), 2.0, 1.0, 3, "holds"),
    (Faster("a", "b"), 2.0, 1.0, 25, "is not certain"),
]


@pytest.mark.parametrize(("claim", "a", "b", "others", "verdict"), JUDGED)
def test_a_claim_is_judged_by_its_rows(
    claim: Claim, a: Any, b: Any, *, others: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    (found,) = judged([claim], [_outcome(a=a, b=b)], others)
    assert found.verdict == verdict


def _table(times: dict[str, float], title: str = "") -> Outcome:
    rows = []
    for key, here in times.items():
        name, _, workers = key.partition(" ")
        at_work = int(workers or 1)
        rows.append(run.Row(name, at_work, 1.0, here=here, least=here, most=here, at_work=at_work))
    return Outcome(Experiment("pi --impl all", {}, title), rows)


@pytest.mark.parametrize(
    ("falls", "gains", "verdict"),
    [
        (False, (1.5, 9.0), "holds"),
        # Slower in both, and less so in the last: no gain.
        (False, (0.5, 0.8), "does not hold"),
        (True, (1.6, 1.2), "holds"),
        (True, (1.2, 1.6), "does not hold"),
    ],
)
def test_a_trend_is_one_of_gains(*, falls: bool, gains: tuple[float, float], verdict: str) -> None:
    tables = [_table({"one": gain, "many": 1.0}, f"{gain}") for gain in gains]
    (found,) = Trend("one", "many", falls=falls).judge(tables)
    assert found.verdict == verdict
