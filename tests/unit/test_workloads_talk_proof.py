"""The page of the talks says what was measured, of every slide."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from workloads.errors import UsageError
from workloads.harness import command as workload_command
from workloads.registry import WORKLOADS
from workloads.talk import proof, registry

DOCS = Path(__file__).parents[2] / "docs"
NAMES = ("nih", "usc", "nersc")
HINT = "PYTHONPATH=src python -m workloads.talk.proof docs/talks.md " + " ".join(
    f"docs/results/talk-{name}.json" for name in NAMES
)


def _stored() -> list[dict[str, Any]]:
    files = [DOCS / f"results/talk-{name}.json" for name in NAMES]
    return [json.loads(file.read_text("utf-8")) for file in files]


def _row(**others: Any) -> dict[str, Any]:
    made = {
        "impl": "a", "workers": 1, "told": 1.25, "told_times": None, "here": 0.5, "least": 0.5,
        "most": 0.5, "samples": [0.5], "sampled": False, "reason": "",
        "elsewhere": "",
    }  # fmt: skip
    return made | others


def _report(*rows: dict[str, Any], **others: Any) -> dict[str, Any]:
    slide = {
        "talk": "usc", "slide": 7, "shows": "x", "differs": "", "causes": [],
        "load_before": 0.5,
        "findings": [{"verdict": "holds"}, {"verdict": "is not certain"}, {"verdict": "holds"}],
        "experiments": [{"title": "", "rows": rows}],
    }  # fmt: skip
    machine = {"cores": 2, "processor": "P"}
    return {"machine": machine, "date": "2026-11-22T12:06", "slides": [slide | others]}


def test_the_pages_figures_are_those_of_the_samples() -> None:
    page = (DOCS / "talks.md").read_text("utf-8")
    assert page == proof.text(page, _stored()), f"make it anew: {HINT}"


def test_the_samples_are_of_every_slide_as_it_is_now() -> None:
    for name, report in zip(NAMES, _stored(), strict=True):
        slides = {slide["slide"]: slide for slide in report["slides"]}
        assert [*slides] == [slide.number for slide in registry.talk(name).slides]
        for slide in registry.talk(name).slides:
            stored = slides[slide.number]
            told = [
                {(row["impl"], row["workers"]): row["told"] for row in one["rows"]}
                for one in stored["experiments"]
            ]
            assert len(told) == len(slide.experiments)
            for experiment, rows in zip(slide.experiments, told, strict=True):
                assert {key: rows[key] for key in experiment.told} == experiment.told
            assert stored["shows"] == slide.title
            assert stored["differs"] == slide.differs


def _beside() -> list[list[str]]:
    """Return the cells of the table that is made by hand."""
    page = (DOCS / "talks.md").read_text("utf-8")
    table = page.partition("|item|command|talk|here|test|\n")[2].partition("\n\n")[0]
    return [line.strip("|").split("|") for line in table.splitlines()[1:]]


@pytest.mark.parametrize("cells", _beside(), ids=lambda cells: cells[0])
def test_what_stands_beside_the_slides_has_a_test_and_can_be_typed(cells: list[str]) -> None:
    _, command, _, here, test = cells
    assert (DOCS.parent / "tests" / test.strip("`")).is_file()
    # A figure has a link to its place.
    assert "](" in here or re.fullmatch(r"–( \(.+\))?|below", here)
    span = re.match(r"`(\w+) ([^`]+)`", command)
    if span is None or span[1] not in WORKLOADS:
        return
    module = importlib.import_module(WORKLOADS[span[1]][0])
    found = next((v for v in vars(module).values() if type(v).__name__ == "Workload"), None)
    if found is not None:
        names = workload_command.parser(found).parse_args(span[2].split()).impl.split(",")
        assert names == ["all"] or {*names} <= {*found.techniques}


def test_a_line_has_both_figures_the_spread_and_why() -> None:
    rows = [
        _row(here=2.0, least=1.5, most=2.25, samples=[1.5, 2.0, 2.25]),
        _row(impl="b", workers=4, told=None, told_times=1.5, sampled=True),
        _row(impl="c", here=None, samples=[], reason="no GPU", elsewhere="python x"),
    ]
    lines = proof.table([_report(*rows, differs="Other sizes. No clock.")]).splitlines()
    assert lines[:2] == [
        "2 cores of P; 2026-11-22; load before a slide 0.5 to 0.5; medians of 3 samples.",
        "",
    ]
    assert lines[4:] == [
        "|usc 7|x|`a`|1|1.25|2|1.5–2.25|yes, unclear|a, b, 2 cores|",
        "|||`b`|4|1.5×|4×||||",
        "|||`c`|1|1.25|(c)||||",
        "",
        "- a: Other sizes.",
        "- b: No clock.",
        "- c: No GPU; elsewhere: `python x`.",
    ]


def test_what_was_measured_of_the_machine_is_among_the_causes() -> None:
    causes = [
        "Files lie on ext4 here; TMPDIR chooses another place.",
        "mpi-block: simd x86-64-v4 in each, balance 0.69.",
        "mpi-cyclic: simd x86-64-v4 in each, balance 1.00.",
    ]
    lines = proof.table([_report(_row(), causes=causes)]).splitlines()
    assert lines[4].endswith("|a, b|")
    assert lines[6:] == [
        "- a: Files lie on ext4 here; TMPDIR chooses another place.",
        "- b: Vector instructions here are those of x86-64-v4.",
    ]


def test_there_are_letters_for_more_than_an_alphabet_of_notes() -> None:
    lines = proof.table([_report(*[_row(here=None, reason=f"r{n}") for n in range(28)])])
    assert lines.splitlines()[-3:] == ["- z: R25.", "- aa: R26.", "- bb: R27."]


def test_a_reason_that_rows_share_names_each_command_once() -> None:
    rows = [_row(here=None, reason="no GPU", elsewhere=f"python {name}") for name in "xyx"]
    lines = proof.table([_report(*rows)]).splitlines()
    assert lines[-1] == "- a: No GPU; elsewhere: `python x`, `python y`."


def test_of_two_areas_the_larger_is_told_and_else_every_experiment() -> None:
    areas = [{"title": f"area {n}", "rows": [_row(here=float(n))]} for n in (1, 2)]
    assert (
        proof.table([_report(experiments=areas)])
        .splitlines()[4]
        .startswith("|usc 7|x|`a`|1|1.25|2|")
    )
    areas.append({"title": "single", "rows": [_row()]})
    shown = proof.table([_report(experiments=areas)]).splitlines()[4:6]
    assert [line.split("|")[2] for line in shown] == ["x: area 2", "single"]
    sizes = [{"title": f"{n} files", "rows": [_row()]} for n in (1, 2)]
    shown = proof.table([_report(experiments=sizes)]).splitlines()[4:6]
    assert [line.split("|")[2] for line in shown] == ["x: 1 files", "2 files"]


def test_a_page_is_written_or_one_line_says_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, page = tmp_path / "talk.json", tmp_path / "talks.md"
    report.write_text(json.dumps(_report(_row())))
    page.write_text("before\n<!-- table -->\nold\n<!-- end of the table -->\nafter\n")
    assert proof.main([str(page), str(report)]) == 0
    assert page.read_text().startswith("before\n<!-- table -->\n2 cores of P;")
    assert page.read_text().endswith("|\n\n<!-- end of the table -->\nafter\n")
    for words in ([], [str(page), str(tmp_path / "absent")], [str(page), str(page)]):
        assert proof.main(words) == 2
        assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(UsageError, match="no place"):
        proof.text("nothing", [])
