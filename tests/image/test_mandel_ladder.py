"""Rows of the NIH's talk do what its notebook does, slow as it is."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from needed import need

from workloads.harness.team import Team
from workloads.mandel.definition import escape_time
from workloads.mandel.grid import Grid
from workloads.mandel.registry import TECHNIQUES

SMALL = Grid(-2.0, 0.5, -1.25, 1.25, 7, 5, 50)


def module(name: str) -> Any:
    need(*TECHNIQUES[name].needs)
    return importlib.import_module(TECHNIQUES[name].module)


@pytest.mark.parametrize("name", ["numba-inner", "numpy-loops"])
def test_pythons_loops_call_the_compiled_function_for_each_point(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = module("numba-complex").escape_time
    assert compiled.signatures, "numba has compiled it"
    row = module(name)
    assert row.escape_time is compiled
    points = []

    def told(c: complex, most: int) -> Any:
        points.append(c)
        return compiled(c, most)

    monkeypatch.setattr(row, "escape_time", told)
    out = np.full((SMALL.height, SMALL.width), -1, np.int32)
    row.compute(SMALL, range(SMALL.height), out, Team(1))
    each = [(column, line) for line in range(SMALL.height) for column in range(SMALL.width)]
    assert points == [complex(*SMALL.point(*place)) for place in each]


def test_rows_are_sent_as_lists_of_numbers() -> None:
    sent = module("multiprocessing-lists")._rows(SMALL, range(1, 5, 2))
    assert [type(row) for row in sent] == [list, list]
    assert {type(number) for row in sent for number in row} == {int}
    points = [[SMALL.point(column, line) for column in range(7)] for line in (1, 3)]
    assert sent == [[escape_time(*point, 50) for point in row] for row in points]


def test_lists_of_a_large_image_come_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    row = module("multiprocessing-lists")
    monkeypatch.setattr(row, "_MOST_NUMBERS", 3 * SMALL.width)
    dealt, places = row.dealt, []

    def told(pool: Any, rows: Any, grid: Any, parts: Any, out: Any) -> None:
        places.append([(first, part.start, len(out)) for first, part in parts])
        dealt(pool, rows, grid, parts, out)

    monkeypatch.setattr(row, "dealt", told)
    out = np.full((4, SMALL.width), -1, np.int32)
    with Team(1) as members:
        row.compute(SMALL, range(1, 5), out, members)
    assert places == [[(0, 1, 3), (1, 2, 3), (2, 3, 3)], [(0, 4, 1)]]
    assert out.tolist() == row._rows(SMALL, range(1, 5))
