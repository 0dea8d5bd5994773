"""Linear algebra's rows for a GPU, on one.

Run where there is a device, in an image or outside:
`PYTHONPATH=src python3 -m pytest tests/gpu`.
"""

import json
from pathlib import Path
from typing import Any

import on_device
import pytest

from workloads.linalg.definition import MOST
from workloads.linalg.registry import TECHNIQUES


def run(row: Any, task: Any, *arguments: Any) -> Any:
    return on_device.run("linalg", TECHNIQUES, row, "--task", task, *arguments)


@pytest.mark.parametrize(
    ("task", "sizes"),
    [("eigh", (1, 2, 3, 127, 1_000)), ("gram", (1, 127, 1_000)), ("dot", (1, 2, 3, 127, 2_000))],
)
def test_errors_are_small_and_the_device_is_named(
    task: str, sizes: tuple[int, ...], tmp_path: Path
) -> None:
    for n in sizes:
        report = tmp_path / "report.json"
        run("cupy", task, "-n", n, "--repeat", 3, "--json", report)
        (result,) = json.loads(report.read_text())["results"]
        assert result["ok"], result["verdict"]
        assert max(map(float, result["answer"].split())) <= MOST
        assert len(result["kernel"]) == len(result["samples"]) == 3
        assert "kernel" in result["note"]


@pytest.mark.parametrize(("n", "count"), [(1, 1), (5, 7), (200, 128)])
def test_tasks_are_all_done(n: int, count: int) -> None:
    assert "at most residual" in run("cupy", "tasks", "-n", n, "--count", count)


# From some 100 rows on CuPy's vectors miss the bound: docs/reference/linalg.md.
@pytest.mark.parametrize(("n", "count"), [(1, 1), (5, 7), (50, 128)])
def test_a_stack_of_tasks_is_done_in_one_call(n: int, count: int) -> None:
    said = run("cupy-batch", "tasks", "-n", n, "--count", count)
    assert "at most residual" in said
    assert f"{count} matrices a call" in said


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_ranks_share_the_devices(ranks: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = ["--task", "tasks", "-n", 50, "--count", 7, "--json", report]
    on_device.run_on_ranks(ranks, "linalg", TECHNIQUES, "cupy-mpi", *words)
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], result["workers"]) == (True, ranks)


# Fewer elements than threads in a block, one block and one more, the most.
@pytest.mark.parametrize("n", [1, 255, 256, 257, 10_000_000, 100_000_000])
def test_three_packages_add_one_to_each_element_of_one_array(n: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run("numba-cuda", "addone", "-n", n, "--repeat", 2, "--json", report)
    (result,) = json.loads(report.read_text())["results"]
    assert (result["ok"], float(result["answer"])) == (True, n * (n + 1) / 2)
