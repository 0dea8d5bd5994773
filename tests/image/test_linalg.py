"""Linear algebra: every row that runs here, its errors, and what BLAS has for threads."""

import contextlib
import functools
import json
import math
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from altered import altered
from needed import is_drawn, need, needs, plotted

from running import printed, workload_on
from tiers import sampled
from workloads.__main__ import main
from workloads.bench.workload import Trial
from workloads.linalg import definition, problems
from workloads.linalg.problems import BYTES_OF_EIGH, Attempt, Problem
from workloads.linalg.registry import TECHNIQUES, THREADS
from workloads.parallel.workers import Workers

SEED = 2022
CORES = len(os.sched_getaffinity(0))


def linalg(*arguments: Any) -> Any:
    return main(["linalg", *map(str, arguments)])


def results(report: Any) -> Any:
    return json.loads(report.read_text())["results"]


def attempt(name: str, problem: Problem, workers: Workers) -> Attempt:
    return Attempt(problem, Trial(name, TECHNIQUES[name], workers, contextlib.nullcontext))


def errors(result: Any) -> Any:
    return [float(error) for error in result["answer"].split()]


class TestDefinition:
    def test_the_seed_gives_these_numbers(self) -> None:
        # PCG64's first numbers: NumPy keeps them from version to version.
        first = np.random.Generator(np.random.PCG64(SEED)).random(4)
        assert definition.symmetric(2, SEED).tolist() == [
            [first[0] + 2, (first[1] + first[2]) / 2],
            [(first[1] + first[2]) / 2, first[3] + 2],
        ]

    @pytest.mark.parametrize(
        ("task", "wrong"), [("eigh", 1e-10), ("eigh", math.nan), ("dot", 1e-8)]
    )
    def test_what_is_wrong_is_seen(self, task: str, wrong: float) -> None:
        problem = Problem(task, 40, SEED)
        found = np.linalg.eigh(*problem.arrays()) if task == "eigh" else np.dot(*problem.arrays())
        assert problem.check(found)[0]
        (found[1] if task == "eigh" else found)[3, 3] += wrong
        right, _, verdict = problem.check(found)
        assert not right
        assert verdict.startswith("WRONG: ")

    @pytest.mark.parametrize("wrong", [1e-9, math.nan])
    def test_wrong_values_of_a_task_are_seen(self, wrong: float) -> None:
        problem = Problem("tasks", 40, SEED, count=3)
        values = [definition.solve(40, seed) for seed in problem.seeds]
        assert problem.check(values)[0]
        values[1] = values[1] + wrong * np.eye(40)[5]
        assert problem.check(values)[2].startswith("WRONG: 1 tasks, ")


@pytest.mark.parametrize("n", sampled([7, 1, 201]))
def test_one_process_at_any_size(n: Any) -> None:
    with Workers(1) as workers:
        for task in ("eigh", "gram", "dot", "addone", "mean", "tasks"):
            problem = Problem(task, n, SEED, count=3 if task == "tasks" else 1)
            for name, technique in TECHNIQUES.items():
                # No image has these two: `make test-packages` runs them in a venv.
                is_here = technique.parallel == "no" and name not in ("torch", "jax")
                if task in technique.problems and is_here:
                    need(*technique.needs)
                    found = attempt(name, problem, workers).answer(problem)
                    right, _, verdict = problem.check(found)
                    assert right, f"{name}: {verdict}"


@pytest.mark.parametrize(("name", "size"), [("jax", 300), ("numpy", 200)])
def test_what_is_compiled_for_each_size_is_compiled_before_the_clock(name: str, size: int) -> None:
    sizes: list[int] = []
    trial: Any = SimpleNamespace(
        name=name,
        technique=TECHNIQUES[name],
        workers=None,
        compute=None,
        call=lambda **given: sizes.append(len(given["first"])),
    )
    Attempt(Problem("dot", 300, SEED), trial).warm_up()
    assert sizes == [size]


def test_by_default_one_alone_and_many_shared_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "linalg.json"
    assert linalg("-n", 101, "--json", report) == 0
    shown = capsys.readouterr().out
    assert "linalg eigh: 101 × 101, seed 2022" in shown
    assert "linalg tasks: 128 of 101 × 101, seed 2022" in shown
    one, many = results(report)
    assert (one["impl"], one["ok"], one["work"]) == ("numpy", True, 9 * 101**3)
    assert (many["impl"], many["ok"], many["work"]) == ("multiprocessing", True, 128 * 9 * 101**3)
    for result in (one, many):
        assert 0 < max(errors(result)) <= definition.MOST


# 7 tasks for 1, 2, 3 and 5 processes: only 1 divides them evenly.
def test_processes_of_any_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, chart, profile = (tmp_path / name for name in ("l.json", "l.svg", "l.prof"))
    options = ["--task", "tasks", "--impl", "multiprocessing", "-n", 11, "--count", 7]
    reports = ["--json", report, *plotted(chart), "--profile", "cprofile", profile]
    assert linalg(*options, "--scale", "1,2,3,5", *reports) == 0
    found = results(report)
    assert [(r["workers"], r["ok"]) for r in found] == [(w, True) for w in (1, 2, 3, 5)]
    assert len({tuple(errors(r)) for r in found}) == 1
    # Processes and their threads of BLAS together are no more than the cores.
    shown = capsys.readouterr().out
    if "OMP_NUM_THREADS" not in os.environ:
        assert f"OMP_NUM_THREADS={CORES} in each process" in shown
        assert "OMP_NUM_THREADS=1 in each process" in shown
    assert is_drawn(chart)
    assert profile.stat().st_size > 100


def test_ranks_of_any_number_and_rows_of_one_process_beside_them(tmp_path: Path) -> None:
    report = tmp_path / "linalg.json"
    options = ["--task", "tasks", "--impl", "mpi", "-n", 11, "--count", 7, "--scale", "1,2,3,5"]
    shown = printed(workload_on(5, "linalg", *options, "--json", report))
    assert shown.count("linalg tasks: 7 of 11 × 11") == 1, "one rank reports"
    found = results(report)
    assert [(r["workers"], r["ok"]) for r in found] == [(w, True) for w in (1, 2, 3, 5)]
    assert len({tuple(errors(r)) for r in found}) == 1


@needs("dask")
@pytest.mark.parametrize("workers", sampled([3, 1]))
def test_a_cluster_of_dask(workers: int, tmp_path: Path) -> None:
    report = tmp_path / "linalg.json"
    options = ["--task", "tasks", "--impl", "serial,dask", "-n", 11, "--count", 7]
    assert linalg(*options, "--workers", workers, "--json", report) == 0
    serial, dask = results(report)
    assert (serial["workers"], dask["workers"]) == (1, workers)
    assert errors(serial) == errors(dask)


def test_the_sweep_has_the_threads_that_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the user has set is not what a row's process gets.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    report = tmp_path / "linalg.json"
    assert linalg("--task", "threads", "-n", 130, "--json", report) == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    threads = {result["impl"]: result["workers"] for result in results(report)}
    assert threads.keys() == THREADS.keys()
    # OpenBLAS starts no more than the affinity mask has.
    assert {n: min(count, CORES) for n, count in THREADS.items() if count} == {
        name: count for name, count in threads.items() if name != "omp-unset"
    }
    assert 1 <= threads["omp-unset"] <= CORES


def test_a_wrong_answer_exits_1() -> None:
    code = """
import numpy as np
right = np.linalg.eigh
np.linalg.eigh = lambda a: (lambda w, v: (w + 1e-9, v))(*right(a))
"""
    done = altered(2, code, "linalg", "-n", 9, "--count", 4, "--impl", "numpy,serial,mpi")
    assert done.returncode == 1
    assert done.stderr.count("linalg: numpy on eigh: WRONG: residual ") == 1
    assert done.stderr.count("linalg: serial on tasks: WRONG: 4 tasks, ") == 1
    assert done.stderr.count("linalg: mpi on tasks: WRONG: 4 tasks, ") == 1


def test_a_call_has_as_many_matrices_as_half_the_memory_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = Problem("tasks", 10, SEED, count=7)
    alone = [definition.solve(10, seed) for seed in problem.seeds]
    each = BYTES_OF_EIGH * 10 * 10
    for memory, size in ((0, 1), (2 * 3 * each, 3), (1 << 40, 7)):
        free = functools.partial(int, memory)
        monkeypatch.setitem(problems.FREE_MEMORY, "numpy-batch", free)
        with Workers(1) as workers:
            one = attempt("numpy-batch", problem, workers)
            outcome, values = one.once(), one.answer(problem)
        assert outcome.note == f"{size} matrices a call"
        assert np.allclose(values, alone, rtol=1e-12, atol=0)
