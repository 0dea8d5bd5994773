"""The table of docs/faults.md is that of its results, and of the tests that there are."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest

from hpcpy import paths
from hpcpy.testing import faults

RESULTS = paths.ROOT / "docs/results/faults.json"
PAGE = paths.ROOT / "docs/faults.md"


def case(outcome: str = "passed", seconds: float = 1, **measured: float) -> dict[str, Any]:
    return {
        "fault": "it is killed",
        "then": "it goes on",
        "outcome": outcome,
        "seconds": seconds,
        "measured": measured,
    }


def marked() -> Iterator[tuple[str, str]]:
    """Yield what breaks and what comes of it, for every test that has the mark."""
    for file in sorted((paths.ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                what, then = (ast.literal_eval(one) for one in node.args)
                yield what, then


def test_a_row_has_the_range_of_all_its_cases() -> None:
    *_, row = faults.table([case(s=1.25), case(s=3, calls=7)]).splitlines()
    assert row == "| it is killed | it goes on | 2 | 1 | s: 1.25 to 3; calls: 7 |"


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_row_says_how_many_did_not_pass(outcome: str) -> None:
    *_, row = faults.table([case(), case(outcome)]).splitlines()
    assert row == "| it is killed | it goes on | 1 of 2 | 1 |  |"


def test_a_row_has_the_longest_case() -> None:
    cases = [case(seconds=1.25), case(seconds=58.84), case("skipped", seconds=90)]
    *_, row = faults.table(cases).splitlines()
    assert row == "| it is killed | it goes on | 2 of 3 | 58.8 |  |"
    *_, row = faults.table([case("skipped")]).splitlines()
    assert row == "| it is killed | it goes on | 0 of 1 |  |  |"


def test_each_row_of_the_page_has_a_figure() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 30
    assert not [row for row in rows if row.endswith("|  |  |")]


def test_each_fault_has_one_end() -> None:
    ends: dict[str, set[str]] = {}
    for what, then in marked():
        ends.setdefault(what, set()).add(then)
    assert not {what: all_of_them for what, all_of_them in ends.items() if len(all_of_them) > 1}


def test_the_page_has_the_rows_of_the_results_and_of_the_tests() -> None:
    cases = json.loads(RESULTS.read_bytes())["results"]
    assert faults.table(cases) in PAGE.read_text()
    assert {(one["fault"], one["then"]) for one in cases} == set(marked())
    assert {one["outcome"] for one in cases} <= {"passed", "skipped"}
