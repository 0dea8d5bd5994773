"""Benchmarks tell what they take, and make tables of what they have measured."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpcpy.core import paths

BENCHMARKS = paths.ROOT / "benchmarks"


def benchmark(*words: str) -> subprocess.CompletedProcess[str]:
    name, *rest = words
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), *rest]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "name", sorted({one.stem for one in BENCHMARKS.glob("*.py")} - {"checkout", "pages", "talks"})
)
def test_each_benchmark_tells_its_arguments(name: str) -> None:
    done = benchmark(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--out" in done.stdout
