"""Every slide of every talk, run as a class would: answers checked, nothing left out unsaid."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import need

from running import python
from tiers import sampled
from workloads.__main__ import main
from workloads.arrays.command import LINES, examples
from workloads.mandel.registry import no_compiler
from workloads.talk import slides

SLIDES = [
    pytest.param(name, number, id=f"{name} {number}")
    for name in slides.TALKS
    for number in slides.talk(name).slides
]
# All cells but the commands.
CELLS = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell

os.chdir(sys.argv[2])
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code" and not cell["source"].startswith("!"):
        InteractiveShell.instance().run_cell(cell["source"]).raise_error()
"""
LESS = {
    'AREAS["area1"].grid': 'type(AREAS["area1"].grid)(-2.0, 0.5, -1.25, 1.25, 40, 30, 80)',
    "1_000_000": "1_000",
    "s=100": "s=10",
}
# The first is the one of `make test`: ranks, and files.
SLIDES.sort(key=lambda each: each.id != "usc 35")


@pytest.mark.parametrize(("name", "number"), sampled(SLIDES))
def test_a_slide_runs_and_its_answers_are_right(
    name: str, number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, page = tmp_path / "talk.json", tmp_path / "talk.html"
    files = ["--json", str(made), "--html", str(page)]
    assert main(["talk", name, str(number), "--repeat", "1", *files]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert f"{name} {number}: {slides.talk(name).slides[number].title}" in shown.out
    (slide,) = json.loads(made.read_text())["slides"]
    for one in slide["experiments"]:
        # Without a GPU the talk's figures stand alone, and say so; C needs a compiler.
        cause = one["cannot_run"]
        assert not cause or "CUDA device" in cause or "C compiler: run it in" in cause
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
    html = page.read_text()
    assert f'<h2 id="{number}">' in html
    assert ("data:image/png" in html) == (name == "nih" and number != 12)
    assert ("--profile line FILE" in html) == (name == "nih" and number == 1)
    # Each slide of usc has rows to compare here; hpcpy-core has no matplotlib, and says so.
    assert name != "usc" or ("data:image/svg+xml" in html) != ("No charts: " in html)
    assert "<script" not in html
    assert not re.search(r'(src|href)="(?!data:)', html)


@pytest.mark.parametrize(("name", "timed"), [("nih", 11), ("usc", 7), ("nersc", 11)])
def test_the_cells_of_a_notebook_time_the_code_that_they_show(
    name: str, timed: int, tmp_path: Path
) -> None:
    need("IPython", "numba", "matplotlib", "h5py", "distributed")
    if name == "nih" and not no_compiler():
        timed += 2  # C by ctypes and cffi
    made = tmp_path / "talk.ipynb"
    assert main(["talk", name, "--notebook", str(made)]) == 0
    book = json.loads(made.read_text())
    for cell in book["cells"]:
        for much, little in LESS.items():
            cell["source"] = cell["source"].replace(much, little)
    made.write_text(json.dumps(book))
    # As in a container without a home folder: numba keeps no code of cells.
    done = python("-c", CELLS, made, tmp_path, HOME="/nonexistent")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("per loop") == timed


def test_each_array_is_found_in_its_memory() -> None:
    names: dict[str, Any] = {"np": np}
    for line, each in zip(LINES, examples(), strict=True):
        exec(f"_ = {line}", names)  # noqa: S102
        assert np.asarray(each.cells).shape == each.shape
        cells = np.asarray(each.cells).ravel()
        assert [each.memory[int(cell)] for cell in cells] == names["_"].ravel().tolist()


def test_a_view_takes_no_memory_and_a_copy_its_own() -> None:
    found = {each.code: each for each in examples()}
    own = {code: each.own for code, each in found.items() if each.own}
    sums = {"b.sum(axis=0)": 32, "b.sum(axis=1, keepdims=True)": 24}
    assert own == {"a = np.arange(12)": 96, "b[0] * b[:, :1]": 96, "b[[0, 2]]": 64, **sums}
    assert [code for code, each in found.items() if not each.shares] == [*own][1:]
