"""Linear algebra in batches, and by several sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import is_drawn, plotted

from workloads.__main__ import main
from workloads.linalg import definition
from workloads.linalg.numpy_ import in_batches
from workloads.linalg.problems import BYTES_OF_EIGH, Problem

SEED = 2022


def linalg(*arguments: Any) -> Any:
    return main(["linalg", *map(str, arguments)])


def results(report: Path) -> Any:
    return json.loads(report.read_text())["results"]


def test_a_stack_has_the_errors_of_each_matrix() -> None:
    # A norm's sum may round otherwise in another order.
    seeds = range(SEED, SEED + 5)
    alone = [definition.solve(30, seed) for seed in seeds]
    assert np.allclose(definition.solve_batch(np, 30, seeds), alone, rtol=1e-9, atol=0)


def test_a_call_has_as_many_matrices_as_half_the_memory_holds() -> None:
    problem = Problem("tasks", 10, SEED, count=7)
    alone = [definition.solve(10, seed) for seed in problem.seeds]
    each = BYTES_OF_EIGH * 10 * 10
    for memory, size in ((0, 1), (2 * 3 * each, 3), (1 << 40, 7)):
        errors, note = in_batches(np, problem, memory)
        assert note == f"{size} matrices a call"
        assert np.allclose(errors, alone, rtol=1e-9, atol=0)


def test_several_sizes_have_a_table_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, chart = tmp_path / "linalg.json", tmp_path / "linalg.svg"
    words = ["--task", "dot,tasks", "-n", "3,40", "--count", 3, "--impl", "all", *plotted(chart)]
    assert linalg(*words, "--json", report) == 0
    shown = capsys.readouterr().out
    assert "linalg dot: 3 × 3, seed 2022" in shown
    assert "linalg tasks: 3 of 40 × 40, seed 2022" in shown
    assert is_drawn(chart)
    names = ["dot 3", "dot 40", "tasks 3", "tasks 40"]
    assert [*dict.fromkeys(r["problem"] for r in results(report))] == names
    parameters = json.loads(report.read_text())["parameters"]
    assert parameters["dot 40"] == {"n": 40, "seed": SEED}
