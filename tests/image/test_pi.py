"""Pi: every technique's count, whatever the pairs and the workers."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import pytest
from needed import need

from running import in_own_process, printed, run, workload_on
from tiers import sampled
from workloads.parallel.workers import Workers
from workloads.pi.definition import philox_hits, seeded_hits, seeded_shares
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
        return TECHNIQUES[name].load()(pairs, seed, them)[0]


def want(name: str, pairs: Any, workers: Any = 2, seed: Any = SEED) -> Any:
    if name in PHILOX:
        return philox_hits(seed, pairs)
    alone = TECHNIQUES[name].parallel == "no"
    return sum(map(seeded_hits, *seeded_shares(seed, pairs, 1 if alone else workers)))


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
