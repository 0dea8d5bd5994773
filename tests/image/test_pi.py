"""Pi: every technique's count, whatever the pairs and the workers."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import need

from running import in_own_process, on_ranks
from tiers import sampled
from workloads.__main__ import main
from workloads.harness.cuda import no_device
from workloads.harness.team import Team
from workloads.pi.definition import philox_hits, seeded_hits
from workloads.pi.registry import PHILOX, SEEDED, TECHNIQUES
from workloads.pi.shares import seeds

GPU = {"cupy", "numba-cuda"} if no_device() else set()
RANKS = [name for name, technique in TECHNIQUES.items() if technique.parallel == "ranks"]
# A cluster takes seconds to start, and subinterpreters want a process to themselves, as
# `fork` does: each has a test of its own.  Spark is in another image: tests/image_spark.
APART = {"dask", "spark", "subinterpreters", "fork", *RANKS, *GPU}
LOCAL = [name for name in TECHNIQUES if name not in APART]
PARALLEL = [name for name in LOCAL if TECHNIQUES[name].parallel in ("threads", "processes")]
SEED = 2022


def compute(name: str, pairs: Any, workers: Any = 2, seed: Any = SEED) -> Any:
    need(*TECHNIQUES[name].needs)
    reason = TECHNIQUES[name].why_not()
    assert reason == "", f"{name}: {reason}"
    with Team(workers) as team:
        return importlib.import_module(TECHNIQUES[name].module).compute(pairs, seed, team)[0]


def want(name: str, pairs: Any, workers: Any = 2, seed: Any = SEED) -> Any:
    if name in PHILOX:
        return philox_hits(seed, range(pairs))
    alone = TECHNIQUES[name].parallel == "no"
    return sum(seeded_hits(*each) for each in seeds(seed, pairs, 1 if alone else workers))


def pi(*arguments: Any) -> Any:
    return main(["pi", *map(str, arguments)])


def alone(*arguments: Any) -> Any:
    return in_own_process(sys.executable, "-m", "workloads", "pi", *arguments)


def mpiexec(size: Any, *arguments: Any) -> Any:
    return on_ranks(size, "-m", "workloads", "pi", *arguments)


class TestDefinition:
    def test_the_stored_counts_of_numpys_stream(self) -> None:
        assert philox_hits(SEED, range(1_000)) == 797
        assert philox_hits(SEED, range(20_000_000)) == 15_705_172

    @pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 5, 997, 65_535, 65_536, 65_537])
    @pytest.mark.parametrize("length", [0, 1, 2, 3, 70_001])
    def test_a_part_of_the_stream_is_what_the_whole_has_there(
        self, first: int, length: int
    ) -> None:
        stream = np.random.Generator(np.random.Philox(key=SEED)).random(2 * (first + length))
        x, y = stream[2 * first :: 2], stream[2 * first + 1 :: 2]
        hits = np.count_nonzero(x * x + y * y < 1.0)
        assert philox_hits(SEED, range(first, first + length)) == hits


@pytest.mark.parametrize("name", [name for name in LOCAL if name in PHILOX])
def test_counter_based_techniques_have_the_stored_counts(name: str) -> None:
    for workers in (1, 2, 3, 5) if name in PARALLEL else (1,):
        assert compute(name, 20_000_000, workers) == 15_705_172
        assert compute(name, 1_000, workers) == 797


def test_counter_based_ranks_have_the_stored_counts(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    for pairs, hits in ((20_000_000, "15705172"), (1_000, "797")):
        options = ["--impl", "mpi-numba", "--scale", "1,2,3,5", "-n", pairs, "--json", report]
        done = mpiexec(5, *options)
        assert (done.returncode, done.stderr) == (0, "")
        results = json.loads(report.read_text())["results"]
        assert [(r["workers"], r["answer"]) for r in results] == [(p, hits) for p in (1, 2, 3, 5)]


@pytest.mark.long
def test_the_talks_family_has_the_stored_counts_for_1_2_and_4(tmp_path: Path) -> None:
    stored = [(1, "15703410"), (2, "15704402"), (4, "15703353")]
    report = tmp_path / "pi.json"
    for size, name in ((1, "multiprocessing"), (4, "mpi")):
        done = mpiexec(size, "--impl", name, "--scale", "1,2,4", "--json", report)
        assert (done.returncode, done.stderr) == (0, "")
        results = json.loads(report.read_text())["results"]
        assert [(r["workers"], r["answer"]) for r in results] == stored
        assert {r["verdict"] for r in results} == {"matches the stored count"}


@pytest.mark.parametrize("pairs", sampled([1_000, 1, 2, 3, 7, 100_003]))
@pytest.mark.parametrize("name", LOCAL)
def test_any_number_of_pairs(name: str, pairs: int) -> None:
    assert compute(name, pairs) == want(name, pairs)


@pytest.mark.parametrize("workers", sampled([3, 1, 2, 5]))
@pytest.mark.parametrize("name", PARALLEL)
def test_any_number_of_workers(name: str, workers: int) -> None:
    assert compute(name, 10_007, workers) == want(name, 10_007, workers)


@pytest.mark.parametrize("seed", sampled([2**63, 0, 1, 2**64 - 1]))
@pytest.mark.parametrize("name", [name for name in LOCAL if name in PHILOX])
def test_any_seed(name: str, seed: Any) -> None:
    assert compute(name, 4_001, seed=seed) == want(name, 4_001, seed=seed)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_a_cluster_of_dask(workers: int) -> None:
    assert compute("dask", 10_007, workers) == want("dask", 10_007, workers)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["subinterpreters", "fork"])
def test_what_wants_a_process_to_itself(name: str, workers: int, tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    options = ["--impl", name, "-n", 10_007, "--workers", workers, "--json", report]
    done = alone(*options)
    assert (done.returncode, done.stderr) == (0, "")
    (result,) = json.loads(report.read_text())["results"]
    assert result["answer"] == str(want(name, 10_007, workers))


def test_the_images_python_can_be_the_other_one() -> None:
    # Where the definition is in the bundle, its text is still to be had.
    done = alone("--python", sys.executable, "-n", 1_000)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\npython-{platform.python_version()}" in done.stdout
    # It has a GIL, as this one.
    assert "\nthreads" not in done.stdout


def test_a_process_with_threads_is_not_forked_for_pi() -> None:
    done = alone("--impl", "numba-parallel,fork", "-n", 1_000, "--workers", 2)
    assert done.returncode == 69
    assert "a forked child would inherit their locks" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_any_number_of_ranks(size: int, tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    done = mpiexec(size, "--impl", ",".join(RANKS), "-n", 10_007, "--json", report)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("pi: 10,007 pairs") == 1, "one rank reports"
    results = {result["impl"]: result for result in json.loads(report.read_text())["results"]}
    for name in RANKS:
        assert results[name]["workers"] == size
        assert results[name]["answer"] == str(want(name, 10_007, size))


def test_more_ranks_than_pairs_and_scaling(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    options = ["--impl", ",".join(RANKS), "-n", 2, "--scale", "1,3", "--json", report]
    done = mpiexec(3, *options)
    assert (done.returncode, done.stderr) == (0, "")
    results = json.loads(report.read_text())["results"]
    assert [(r["impl"], r["workers"]) for r in results] == [(n, s) for n in RANKS for s in (1, 3)]


def test_weak_scaling_has_as_many_pairs_for_each_rank(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    options = ["--impl", "mpi-numba", "-n", 1_000, "--scale", "1,3", "--weak", "--json", report]
    done = mpiexec(3, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1,000 pairs, seed 2022, for each worker" in done.stdout
    assert done.stdout.count("mpi-numba: Gustafson's law: ") == 1
    results = json.loads(report.read_text())["results"]
    assert [(r["workers"], r["work"], r["ok"]) for r in results] == [
        (1, 1_000, True),
        (3, 3_000, True),
    ]
    assert {r["problem"] for r in results} == {"1,000 pairs"}


def test_every_technique_is_tried_here_or_elsewhere() -> None:
    apart = {"dask", "spark", "subinterpreters", "fork", "cupy", "numba-cuda"}
    assert {*LOCAL, *apart, *RANKS} == {*SEEDED, *PHILOX}
