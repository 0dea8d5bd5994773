"""Talks: lists, bad input, a slide's table; what needs no numpy is run."""

from __future__ import annotations

import ast
import datetime
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workloads.__main__ import main
from workloads.bench import command
from workloads.errors import UnavailableError
from workloads.registry import WORKLOADS
from workloads.talk import notebook, page, report, run, slides
from workloads.talk.claims import Faster
from workloads.talk.run import Measured
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


@pytest.mark.parametrize("name", slides.TALKS)
def test_every_slides_command_can_be_typed(name: str) -> None:
    every = [one for slide in slides.talk(name).slides.values() for one in slide.experiments]
    for experiment in every:
        workload, *words = experiment.command.split()
        module = importlib.import_module(WORKLOADS[workload][0])
        found = next(v for v in vars(module).values() if type(v).__name__ == "Workload")
        args = command.parser(found).parse_args(words)
        asked = args.impl.split(",")
        assert asked == ["all"] or {*asked} <= {*found.techniques}
        rows = [key.split()[0] for key in experiment.figures]
        if asked != ["all"]:
            others = {"python-3.10"} if experiment.pythons else set()
            assert [name for name in dict.fromkeys(rows) if name not in others] == asked
        for impl in dict.fromkeys(rows) if args.scale else ():
            keys = [key for key in experiment.figures if key.split()[0] == impl]
            assert keys == [impl if n == 1 else f"{impl} {n}" for n in args.scale]
        # The talk's ratios refer to one row, as those measured here do.
        gains = [*experiment.figures.values()] if experiment.are_gains else [1]
        assert [number for number, gain in enumerate(gains) if gain == 1] == [0]
        assert (experiment.ranks > 1) == any(
            found.techniques[one].parallel == "ranks" for one in asked if one != "all"
        )


def test_the_page_of_a_class_says_load_date_and_machine(small: Talk) -> None:
    absent = run.absent(SMALL, UnavailableError("why"))
    made = "\n".join(page.lines("mine", small, [Measured(3, small.slides[3], [absent], 7)]))
    assert "other processes that computed before it: 7" in made
    assert f"{report.here()}; {datetime.datetime.now(datetime.UTC):%Y-%m-}" in made


def test_the_page_shows_each_techniques_code_beside_its_command(small: Talk) -> None:
    absent = run.absent(SMALL, UnavailableError("why"))
    made = "\n".join(page.lines("mine", small, [Measured(3, small.slides[3], [absent], 0)]))
    assert made.count("<details open><summary>") == 2
    for technique in SMALL.techniques.values():
        assert technique.summary in made
    assert made.index("workers: Workers)") < made.index("python -m workloads pi -n 1000")


@pytest.mark.parametrize("name", slides.TALKS)
def test_a_talk_is_a_notebook_whose_cells_compile(name: str, tmp_path: Path) -> None:
    made = tmp_path / "talk.ipynb"
    assert main(["talk", name, "--notebook", str(made)]) == 0
    book = json.loads(made.read_text())
    assert (book["nbformat"], book["metadata"]["kernelspec"]["name"]) == (4, "python3")
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    cells = {kind: [] for kind in ("markdown", "code")}  # type: dict[str, list[str]]
    for cell in book["cells"]:
        cells[cell["cell_type"]].append("".join(cell["source"]))
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert cell.keys() == {"id", "cell_type", "metadata", "source"} | code
    every = slides.talk(name).slides
    assert sum(text.startswith("## ") for text in cells["markdown"]) == len(every)
    commands = [f"!{one.typed}" for slide in every.values() for one in slide.experiments]
    assert [text for text in cells["code"] if text.startswith("!")] == commands
    for text in cells["code"]:
        if not text.startswith("!"):
            ast.parse(text.partition("\n")[2] if text.startswith("%%timeit ") else text)


def test_a_techniques_code_comes_without_an_import_of_its_module() -> None:
    technique = slides.talk("nih").slides[5].experiments[0].techniques["numba"]
    sys.modules.pop(technique.module, None)
    code = notebook.source(*technique.where.split(":"))
    assert technique.module not in sys.modules
    names = {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}
    # With the loop that it calls, and the import of the decorator.
    assert len(names) > 1
    assert "@numba.njit(" in code
    assert "import numba" in code
    # Of several names that one statement binds.
    assert "_CHUNK, " in notebook.source("workloads.pi.definition", "numpy")


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
