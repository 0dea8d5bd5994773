"""Benchmarks tell what they take, refuse what they do not, and say which command failed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpcpy.core import paths
from hpcpy.core.stages import StageError
from measure.running import output

BENCHMARKS = paths.ROOT / "benchmarks"


def benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    name, *rest = words
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *rest]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", sorted({one.stem for one in BENCHMARKS.glob("*.py")} - {"checkout", "pages"})
)
def test_each_benchmark_tells_its_arguments(name: str) -> None:
    done = benchmark(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--out" in done.stdout


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["startup", "--samples", "0"], "0 is not a whole number from 1 on"),
        (["startup", "--images", "hpcpy", "--sif", "other=x.sif"], "there are hpcpy"),
        (["startup", "--sif", "hpcpy=/nonexistent.sif"], "no such file"),
        (["features", "--features", "none"], "none: hpcpy has"),
        (["features", "--samples", "5"], "5 is not a whole number from 6 on"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_built(
    words: list[str], problem: str
) -> None:
    done = benchmark(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_that_fails_is_told_in_one_line() -> None:
    with pytest.raises(StageError, match=r"srun ended with 3: no such node"):
        output(["sh", "-c", "echo no such node >&2; exit 3"], "srun")
    with pytest.raises(StageError, match="No such file"):
        output(["/nonexistent/srun"], "srun")
