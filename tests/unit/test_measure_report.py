"""Benchmarks tell what they take, and make tables and pictures of what they have measured."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import launch_steps
from hpcpy.core import paths
from hpcpy.core.stages import StageError
from measure import charts, tables

BENCHMARKS = paths.ROOT / "benchmarks"


def benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    name, *rest = words
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *rest]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", sorted({one.stem for one in BENCHMARKS.glob("*.py")} - {"checkout"})
)
def test_each_benchmark_tells_its_arguments(name: str) -> None:
    done = benchmark(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--out" in done.stdout


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["startup", "--samples", "0"], "at least 1 are needed"),
        (["startup", "--images", "hpcpy", "--sif", "other=x.sif"], "there are hpcpy"),
        (["startup", "--sif", "hpcpy=/nonexistent.sif"], "no such file"),
        (["cold", "--mounts", "zfs"], "zfs: none of kernel"),
        (["features", "--features", "none"], "none: hpcpy has"),
        (["overhead", "--samples", "4"], "at least 5 are needed"),
        (["overhead", "--ranks", "nowhere"], "none of apart, together, tcp"),
        (["write", "/nonexistent"], "no folder, and none of disk, memory, moosefs"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    words: list[str], problem: str
) -> None:
    done = benchmark(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("result", "page", "pictures"),
    [
        ("startup", "startup", ["startup", "readme"]),
        ("bake", "bake", []),
        ("cold", "startup-cold", ["cold"]),
        ("cold-packages", "startup-cold", []),
        ("launch", "startup-cold", ["launch"]),
        ("overhead", "p2p", ["overhead"]),
        ("write-places", "write", ["write-places"]),
        # Its table is not on the page.
        ("features", "", ["features"]),
    ],
)
def test_a_page_has_the_table_of_the_results(result: str, page: str, pictures: list[str]) -> None:
    report = json.loads((paths.ROOT / f"docs/results/{result}.json").read_text())
    text = tables.of(report)
    if page:
        assert text in (paths.ROOT / f"docs/{page}.md").read_text()
    assert "−0.0 " not in text
    if result != "cold-packages":
        assert charts.of(report) == pictures


def start(image: str, *cpu: float) -> dict[str, Any]:
    return {"image": image, "place": "host", "case": "core", "cpu": list(cpu)}


def test_the_readmes_picture_needs_both_of_its_images() -> None:
    report = {"benchmark": "startup", "results": [start("hpcpy", 0.2), start("pie", 0.2)]}
    assert charts.of(report) == ["startup"]


def test_unsteady_times_are_told() -> None:
    steady, unsteady = start("one", 0.200, 0.201, 0.202), start("other", 0.2, 0.3, 0.2)
    assert tables.unsteady({"results": [steady, start("third", 0.2)]}) == ""
    told = tables.unsteady({"results": [steady, unsteady]})
    assert told.startswith("1 of 2 kinds vary by more than 10%")


def test_the_first_and_the_last_rank_count_and_a_failure_is_one_line() -> None:
    ranks = "now=$(date +%s); echo $((now + 1000)); echo $((now + 500))"
    found = launch_steps.to_the_ranks(["sh", "-c", ranks], {})
    assert found == pytest.approx((500, 1000), abs=100)
    with pytest.raises(StageError, match="ended with 3: no such node"):
        launch_steps.to_the_ranks(["sh", "-c", "echo no such node >&2; exit 3"], {})
    with pytest.raises(StageError, match="No such file"):
        launch_steps.to_the_ranks(["/nonexistent/srun"], {})
    with pytest.raises(StageError, match="printed 'hello'"):
        launch_steps.to_the_ranks(["echo", "hello"], {})
