"""Subinterpreters give the same bytes, each technique in a process of its own.

In one process with every other technique's libraries, creating and ending
interpreters again and again has aborted in free().
"""

from __future__ import annotations

import os
import sys

import pytest

from running import run
from tiers import sampled
from workloads.mandel.registry import TECHNIQUES

CHECK = """
import hashlib, importlib, sys
import numpy as np
from workloads.parallel.workers import Workers
from workloads.mandel.grid import AREAS, Grid
from workloads.mandel.registry import TECHNIQUES, function

technique = TECHNIQUES[sys.argv[1]]
compute = function(sys.argv[1], "simd")

def answer(grid, rows, workers):
    out = np.full((len(rows), grid.width), -1, np.int32)
    compute(grid, rows, out, workers)
    return out

def main():
    grids = [
        Grid(-2.0, 0.5, -1.25, 1.25, 7, 13, 50), Grid(-0.1, 0.5, 0.1, 1.25, 1, 1, 50),
        Grid(-2.0, 0.5, -1.25, 1.25, 1000, 3, 30), Grid(-0.1, 0.1, -0.1, 0.1, 33, 21, 40),
        Grid(3.0, 4.0, 3.0, 4.0, 33, 21, 40),
    ]
    for workers in (1, 2, 3, 5):
        with Workers(workers) as workers:
            for grid in grids:
                rows = range(1, grid.height, 2)
                want = np.empty((len(rows), grid.width), np.int32)
                TECHNIQUES["python-2"].load()(*grid.axes(rows), grid.maxiter, want)
                assert (answer(grid, rows, workers) == want).all(), (workers, grid)
            if workers != 2:
                continue
            for area in AREAS.values():
                rows = area.grid.sample() if technique.slow else range(area.grid.height)
                whole = len(rows) == area.grid.height
                want = area.sha256 if whole else area.sample_sha256
                got = answer(area.grid, rows, workers)
                assert hashlib.sha256(got.tobytes()).hexdigest() == want, area.name

main()
"""


@pytest.mark.parametrize("name", sampled(["subinterpreters", "subinterpreters-python"]))
def test_subinterpreters_have_the_same_bytes(name: str) -> None:
    reason = TECHNIQUES[name].why_not()
    if reason:
        pytest.skip(f"{name}: {reason}")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", CHECK, name]
    done = run(*command, env=env)
    assert (done.returncode, done.stderr) == (0, "")


def test_they_refuse_a_process_that_they_could_end() -> None:
    code = (
        "import sys, types; sys.modules['distributed'] = types.ModuleType('distributed')\n"
        "from workloads.__main__ import main\n"
        "sys.exit(main('mandel --area area1 --size 7 13 --impl subinterpreters'.split()))\n"
    )
    done = run(sys.executable, "-c", code)
    assert done.returncode == 69
    assert "distributed is loaded, and subinterpreters may then end this process" in done.stderr
