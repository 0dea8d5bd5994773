"""Pi: every technique's count, whatever the pairs and the workers; its command, and its kernels."""

import contextlib
import json
import os
import platform
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from altered import altered
from needed import need
from workloads.pi._kernels_cython import count as count_drawn

from running import (
    in_own_process,
    printed,
    run,
    workload_on,
)
from tiers import sampled
from workloads.__main__ import main
from workloads.bench.workload import Trial
from workloads.parallel.workers import Workers
from workloads.pi.compiled import twister
from workloads.pi.definition import count_share, hits, philox_hits, seeded_shares
from workloads.pi.registry import PHILOX, TECHNIQUES

RANKS = [name for name, technique in TECHNIQUES.items() if technique.parallel == "ranks"]
# A cluster takes seconds to start: it has a test of its own.  Spark is in another image:
# tests/image_spark.
# A fork of a process with threads, as pytest is, may hang: Python warns of it.
APART = {"dask", "dask-delayed", "fork", "ipyparallel", "spark", *RANKS}
LOCAL = [name for name in TECHNIQUES if name not in APART]
PARALLEL = [name for name in LOCAL if TECHNIQUES[name].parallel in ("threads", "processes")]
SEED = 2022


def compute(name: str, pairs: Any, workers: Any = 2, seed: Any = SEED) -> Any:
    need(*TECHNIQUES[name].needs)
    reason = TECHNIQUES[name].why_not()
    assert reason == "", f"{name}: {reason}"
    with Workers(workers) as them:
        return Trial(name, TECHNIQUES[name], them, contextlib.nullcontext).call(pairs, seed)


def want(name: str, pairs: Any, workers: Any = 2, seed: Any = SEED) -> Any:
    if name in PHILOX:
        return philox_hits(seed, pairs)
    alone = TECHNIQUES[name].parallel == "no"
    return sum(map(count_share, seeded_shares(seed, pairs, 1 if alone else workers)))


def alone(*arguments: Any) -> Any:
    return in_own_process(sys.executable, "-m", "workloads", "pi", *arguments)


@pytest.mark.parametrize("name", [name for name in LOCAL if name in PHILOX])
def test_numpys_stream_has_the_stored_counts(name: str) -> None:
    assert compute(name, 20_000_000) == 15_705_172
    assert compute(name, 1_000) == 797


@pytest.mark.parametrize("name", LOCAL)
def test_any_number_of_pairs_and_any_seed(name: str) -> None:
    for pairs, seed in ((1_000, SEED), (1, SEED), (3, 0), (4_001, 2**64 - 1)):
        if name in PHILOX or seed == SEED:
            assert compute(name, pairs, seed=seed) == want(name, pairs, seed=seed)


@pytest.mark.parametrize("workers", sampled([3, 1, 5]))
@pytest.mark.parametrize("name", PARALLEL)
def test_any_number_of_workers(name: str, workers: int) -> None:
    assert compute(name, 10_007, workers) == want(name, 10_007, workers)


@pytest.mark.parametrize("workers", sampled([3, 1]))
def test_a_cluster_of_dask(workers: int) -> None:
    for name in ("dask", "dask-delayed"):
        assert compute(name, 10_007, workers) == want(name, 10_007, workers)


def test_processes_are_started_within_the_time() -> None:
    done = alone("-n", "10007", "--workers", "3", "--impl", "fork,spawn")
    assert done.stdout.count("start is timed") == 2, done.stderr
    assert f"{want('fork', 10_007, 3):,} hits" in done.stdout


CLUSTER = """
trap 'ipcluster stop' EXIT
trap exit TERM
ipcluster start -n 2 --daemonize
while ! python3 -m workloads pi -n 10007 --impl ipyparallel --json pi.json; do
    sleep 1
done
"""


def test_ipyparallel_counts_on_the_engines_of_a_cluster(tmp_path: Path) -> None:
    need("ipyparallel")
    variables = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    run("timeout", "100", "sh", "-c", CLUSTER, cwd=tmp_path, env=variables, check=True)
    (row,) = json.loads((tmp_path / "pi.json").read_text())["results"]
    workers = row["workers"]
    assert workers in (1, 2)  # The second engine may not have come yet.
    assert row["verdict"].startswith("matches")


def test_the_images_python_can_be_the_other_one() -> None:
    # Where the definition is in the bundle, its text is still to be had.
    shown = printed(alone("--python", sys.executable, "-n", 1_000))
    assert f"\npython-{platform.python_version()}" in shown


@pytest.mark.parametrize(("size", "pairs"), sampled([(3, 10_007), (3, 2), (1, 10_007)], keep=2))
def test_any_number_of_ranks(size: int, pairs: int, tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    asked = ["--impl", ",".join(RANKS), "-n", pairs, "--json", report]
    shown = printed(workload_on(size, "pi", *asked))
    assert shown.count(f"pi: {pairs:,} pairs") == 1, "one rank reports"
    results = {result["impl"]: result for result in json.loads(report.read_text())["results"]}
    for name in RANKS:
        assert results[name]["workers"] == size
        assert results[name]["answer"] == str(want(name, pairs, size))


def test_weak_scaling_has_as_many_pairs_for_each_rank(tmp_path: Path) -> None:
    report = tmp_path / "pi.json"
    options = ["--impl", "mpi", "-n", 1_000, "--scale", "1,3", "--weak", "--json", report]
    shown = printed(workload_on(3, "pi", *options))
    assert "1,000 pairs, seed 2022, for each worker" in shown
    assert " serial " in shown
    results = json.loads(report.read_text())["results"]
    assert [(r["workers"], r["work"], r["ok"]) for r in results] == [
        (1, 1_000, True),
        (3, 3_000, True),
    ]
    assert {r["problem"] for r in results} == {"1,000 pairs"}


def pi(*arguments: Any) -> Any:
    return main(["pi", *map(str, arguments)])


def test_auto_is_the_fastest_for_one_process_and_for_ranks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pi("-n", 1_000) == 0
    shown = capsys.readouterr().out
    assert "\ncython " in shown
    assert "philox: 797 hits, π ≈ 3.1880000: matches the stored count" in shown
    assert "\nmpi " in printed(workload_on(2, "pi", "-n", 1_000))


def test_without_options_the_counts_are_the_stored_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert pi("--impl", "python,cython,numpy") == 0
    shown = capsys.readouterr().out
    assert "seeded, 1 at work: 15,703,410 hits" in shown
    # One line for both techniques of the family.
    assert shown.count("philox: 15,705,172 hits, π ≈ 3.1410344: matches the stored count") == 1


@pytest.mark.parametrize("rank_alone", [False, True])
def test_a_wrong_count_exits_1(rank_alone: bool) -> None:
    code = """
from workloads.pi import definition, pools
definition.numpy = lambda pairs, seed: pairs
pools.count_share = lambda share: share[1]
"""
    done = altered(3, code, "pi", "-n", 1_000, "--impl", "numpy" if rank_alone else "mpi")
    assert done.returncode == 1
    assert done.stderr.count("WRONG: 1,000 hits, not") == 1


@pytest.mark.parametrize("seed", [0, 2022, 2**64 - 1])
def test_c_draws_what_python_and_numpy_draw(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    seeded, philox = twister(seed), np.random.Philox(key=seed)
    counted = drawn = 0
    # 312 numbers are all words of the generator's state.
    for pairs in (0, 1, 2, 155, 156, 157, 10_001):
        assert count_drawn(seeded, pairs) == hits(draw.random, pairs)
        counted += count_drawn(philox, pairs)
        drawn += pairs
        assert counted == philox_hits(seed, drawn)
