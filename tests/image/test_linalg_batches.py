"""Linear algebra in batches, by several sizes, and the mean by each array's own library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import is_drawn, needs, plotted

from running import said
from workloads.__main__ import main
from workloads.linalg import definition

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


@pytest.mark.memory
def test_a_batch_that_does_not_fit_is_halved_until_it_does() -> None:
    # A limit of the kernel's, and NumPy's own MemoryError: 200 matrices have 16 MB a copy.
    lines = said("""
        import resource
        import numpy as np
        from workloads.linalg.batches import in_batches
        from workloads.linalg.problems import Tasks
        in_batches(np, Tasks(100, 1, 2), 2, lambda: None)
        text = open("/proc/self/status").read()
        now = 1024 * int(text.split("VmSize:")[1].split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (now + (32 << 20),) * 2)
        problem, given_back = Tasks(100, 1, 200), []
        found, note = in_batches(np, problem, 200, lambda: given_back.append(1))
        assert problem.check(found)[0]
        assert given_back
        print(note)
    """, OMP_NUM_THREADS="1")  # fmt: skip
    assert int(lines[0]) < 200
    assert " ".join(lines[1:]) == "matrices a call: memory is too small for 200"


@pytest.mark.memory
def test_one_matrix_that_does_not_fit_is_one_line() -> None:
    lines = said("""
        import resource
        import numpy as np
        from workloads.errors import UnavailableError
        from workloads.linalg.batches import in_batches
        from workloads.linalg.problems import Tasks
        in_batches(np, Tasks(9, 1, 2), 2, lambda: None)
        text = open("/proc/self/status").read()
        now = 1024 * int(text.split("VmSize:")[1].split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (now + (50 << 20),) * 2)
        try:
            in_batches(np, Tasks(4000, 1, 2), 2, lambda: None)
        except UnavailableError as error:
            print(error)
    """, OMP_NUM_THREADS="1")  # fmt: skip
    assert " ".join(lines).startswith("memory is too small for one matrix of 4,000 × 4,000; give")


@needs("dask")
@pytest.mark.parametrize("workers", [1, 3])
def test_the_mean_is_asked_of_each_library(workers: int, tmp_path: Path) -> None:
    report = tmp_path / "linalg.json"
    words = ["--task", "mean", "-n", 100_003, "--impl", "numpy,dask-array", "--workers", workers]
    assert linalg(*words, "--json", report) == 0
    assert [(r["impl"], r["workers"], r["answer"]) for r in results(report)] == [
        ("numpy", 1, "50001.0"),
        ("dask-array", workers, "50001.0"),
    ]


def test_several_sizes_have_a_table_each_and_a_crossover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, chart = tmp_path / "linalg.json", tmp_path / "linalg.svg"
    words = ["--task", "dot,tasks", "-n", "3,40", "--count", 3, "--impl", "all", *plotted(chart)]
    assert linalg(*words, "--json", report) == 0
    shown = capsys.readouterr().out
    assert "linalg dot: 3 × 3, seed 2022" in shown
    assert "linalg tasks: 3 of 40 × 40, seed 2022" in shown
    assert "tasks: numpy-batch is faster than serial " in shown
    assert is_drawn(chart)
    names = ["dot 3", "dot 40", "tasks 3", "tasks 40"]
    assert [*dict.fromkeys(r["problem"] for r in results(report))] == names
    parameters = json.loads(report.read_text())["parameters"]
    assert parameters["dot 40"] == {"n": 40, "seed": SEED}
