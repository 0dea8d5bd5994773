"""Talks: bad input, a slide's table and rows, whether its lesson holds."""

import ast
import base64
import dataclasses
import importlib.util
import json
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from hpcpy_common.errors import UnavailableError, WorkerError
from running import first_line, start
from workloads.__main__ import main
from workloads.bench.result import Result
from workloads.talk import notebook, page, run, slides
from workloads.talk.claims import SAME, Claim, Faster, TooMany, judged
from workloads.talk.run import Measured, Outcome
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
    with start(sys.executable, "-c", code) as process:
        first_line(process)
        assert run.other_processes() >= 1
        process.kill()


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
    right = [_result(name, 1.0, answer=experiment.sha256) for name in ("mpi-block", "mpi-cyclic")]
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


# The claim, seconds of its rows, processes that computed beside it, and the verdict.
JUDGED = [
    (Faster("a", "b"), 2.0, 1.0, 0, "holds"),
    (Faster("a", "b"), 1.0, 2.0, 0, "does not hold"),
    (Faster("a", "b"), (1.9, 2.0, 2.0, 2.0, 2.1), (1.0, 1.1, 1.1, 1.1, 1.2), 0, "holds"),
    (Faster("a", "b"), (1.0, 1.5, 1.5, 1.5, 2.0), (1.5, 1.5, 1.5, 1.5, 1.6), 0, "is not certain"),
    (Faster("a", "b", *SAME), 1.0, 1.5, 0, "does not hold"),
    (TooMany(""), 2.0, 1.0, 0, "does not hold"),
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


def test_a_gain_beyond_the_cores_is_not_certain() -> None:
    experiment = Experiment("write --impl queue --scale 1,16", {"queue": None, "queue 16": None})
    one = _result("queue", *[11.2] * 5, cores=1)
    many = _result("queue", *[1.0] * 5, workers=16, cores=2)
    claim = Faster("queue", "queue 16", 9)
    for cores, verdict in ((2, "is not certain"), (16, "holds")):
        many.cores = cores
        (found,) = judged([claim], [Outcome(experiment, run.rows(experiment, [one, many]))])
        assert found.verdict == verdict


def _table(times: dict[str, float], title: str = "") -> Outcome:
    rows = []
    for key, seconds in times.items():
        name, _, workers = key.partition(" ")
        row = run.Row(name, int(workers or 1), 1.0, here=seconds, least=seconds, most=seconds)
        rows.append(dataclasses.replace(row, at_work=row.workers))
    return Outcome(Experiment("pi --impl all", {}, title), rows)


def test_as_many_threads_as_cores_are_slower_than_one() -> None:
    # 16 threads that are 4.4 times as fast as one contradict it, also if eight are faster.
    for last, verdict in ((1.0, "does not hold"), (9.0, "holds")):
        table = _table({"omp-1": 4.4, "omp-8 8": 0.9, "omp-16 16": last})
        (found,) = slides.talk("nersc").slides[19].claims[0].judge([table])
        assert found.verdict == verdict


CLAIMS = {
    f"{talk} {number}, {place}": claim
    for talk in slides.TALKS
    for number, slide in slides.talk(talk).slides.items()
    for place, claim in enumerate(slide.claims)
    if isinstance(claim, Faster)
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_each_claim_has_a_table_that_fits_and_one_that_contradicts(claim: Faster) -> None:
    is_open = claim.most == math.inf
    fits = claim.least * 1.02 if is_open else (claim.least + claim.most) / 2
    contradicts = claim.least / 1.5 if claim.least else claim.most * 1.5
    verdicts = {fits: "holds", contradicts: "does not hold"}
    # More than the talk's gain is no contradiction, unless the rows are to be alike.
    verdicts |= {100.0: "holds"} if is_open else {}
    for ratio, verdict in verdicts.items():
        table = _table({claim.slow: ratio, claim.fast: 1.0}, claim.of)
        assert {each.verdict for each in claim.judge([table])} == {verdict}


MODULE = """
import json
def pool(size): return [size]
def other(n): return json.dumps(n)
def computes(n: int, of=other):
    pool = [n]
    def inner(): return LIMIT
    return pool, inner
LIMIT = 3
"""


def test_the_code_of_a_technique_is_what_its_scope_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shown.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    text = notebook.source("shown", "computes")
    assert "def pool" not in text
    assert [line.split("(")[0] for line in text.splitlines() if line[:1].strip()] == [
        *("import json", "def other", "def computes", "LIMIT = 3"),
    ]


# What the slides teach: a student must see it, and not what starts it here.
IN_SIGHT = {
    ("pi.processes", "multiprocessing"): ("get_context(", "ProcessPoolExecutor(", "if __name__"),
    ("pi.processes", "dask"): ("Client(", "client.map(", "client.gather("),
    ("pi.threads", "threads"): ("Thread(", ".start()", ".join()"),
    ("pi.threads", "interpreters"): ("InterpreterPoolExecutor",),
    ("mandel.processes", "pool"): ("get_context(", "ProcessPoolExecutor(", "pool.map("),
    ("mandel.processes", "dask"): ("Client(", "client.submit("),
    ("mandel.compiled", "threads"): ("ThreadPoolExecutor(", "pool.map("),
    ("linalg.processes", "multiprocessing"): ("get_context(", "ProcessPoolExecutor("),
    ("write.numpy_", "npy"): ("np.save(",),
    ("write.processes", "pool_apply"): ("ProcessPoolExecutor(", "pool.submit("),
    ("write.processes", "pool_map"): ("ProcessPoolExecutor(", "if __name__"),
    ("write.processes", "by_queue"): (".Queue()", ".Process(", "numbers.get()", ".join()"),
    ("write.processes", "mpi_scatter"): ("comm.Scatterv(",),
    ("write.hdf5", "datasets"): ("h5py.File(", "create_dataset("),
    ("write.hdf5", "parallel"): ('driver="mpio"',),
}


@pytest.mark.parametrize("place", IN_SIGHT, ids="-".join)
def test_the_code_of_a_technique_has_the_librarys_calls(place: tuple[str, str]) -> None:
    text = notebook.source(f"workloads.{place[0]}", place[1])
    assert [call for call in IN_SIGHT[place] if call not in text] == []


def _cells(name: str, folder: Path) -> list[str]:
    """Return the cells of Python of a talk's notebook."""
    talk = slides.talk(name)
    notebook.write(folder / "talk.ipynb", name, talk, talk.slides)
    cells = json.loads((folder / "talk.ipynb").read_text())["cells"]
    return [each["source"] for each in cells if each["cell_type"] == "code"]


@pytest.mark.parametrize("name", slides.TALKS)
def test_no_cell_of_a_notebook_changes_what_another_has_defined(name: str, tmp_path: Path) -> None:
    defined: dict[str, str] = {}
    for cell in _cells(name, tmp_path):
        for node in ast.parse(cell).body if cell[0] not in "!%" else []:
            meanings = {}
            if isinstance(node, ast.FunctionDef):
                meanings = {node.name: ast.dump(node)}
            elif isinstance(node, ast.ImportFrom):
                meanings = {each.asname or each.name: str(node.module) for each in node.names}
            for bound, meaning in meanings.items():
                assert defined.setdefault(bound, meaning) == meaning, bound


@pytest.mark.parametrize("name", slides.TALKS)
def test_a_notebook_has_cells_to_play_with_and_a_plot(name: str, tmp_path: Path) -> None:
    cells = _cells(name, tmp_path)
    assert sum(cell.startswith("%%timeit") for cell in cells) >= 3
    (plot,) = [cell for cell in cells if "plt.barh(" in cell]
    assert plot.count("lambda: ") >= 3
    assert sum("plt.imshow(" in cell for cell in cells) == (name == "nih")
    for cell in cells:
        assert "noqa" not in cell
        # Types, of which none is imported, are for checkers.
        for node in ast.walk(ast.parse(cell if cell[0] not in "!%" else "")):
            if isinstance(node, ast.FunctionDef):
                assert node.returns is None
                assert all(each.annotation is None for each in node.args.args)


def test_a_page_has_its_pictures_within_it() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        pytest.skip("no matplotlib")
    slide = Slide("x & y", "why", SMALL, claims=[])
    rows = [
        run.Row("python", 1, 3.6, here=1.0, least=1.0, most=1.0),
        run.Row("threads", 3, 1.2, here=0.5, least=0.5, most=0.5),
    ]
    measured = Measured(3, slide, [Outcome(SMALL, rows)], 0)
    talk = Talk("A talk", "", "4 cores", {3: slide})
    text = "\n".join(page.lines("mine", talk, [measured]))
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert b"times as fast as python" in base64.b64decode(data)


def test_a_page_without_matplotlib_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    talk = Talk("A talk", "", "4 cores", {})
    text = "\n".join(page.lines("mine", talk, []))
    assert "<p>No charts: Python has no module" in text
    assert "<img" not in text
