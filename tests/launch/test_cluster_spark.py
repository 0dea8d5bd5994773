"""Spark across both nodes: ``make launch SPARK=1`` in hpcpy-spark, and in another image."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import proc_files
import pytest
from launching import SECONDS, hpcpy, nothing_is_left, said, start
from local_cluster import Cluster

from hpcpy.build.graph import the_graph
from hpcpy.build.sif import sif_path
from hpcpy.cluster.layout import NODES

SIZE = ("NODES=2", "TASKS=4", "SPARK=1")
HOSTS = """
import os
from pyspark import SparkContext
context = SparkContext()
hosts = context.parallelize(range(4), 4).barrier().mapPartitions(
    lambda _: [os.environ["SLURMD_NODENAME"]]
)
print(*sorted(hosts.collect()))
"""


@pytest.fixture(scope="module")
def spark() -> str:
    """Give the image with Spark."""
    path = sif_path(the_graph().image("hpcpy-spark"))
    if not path.exists():
        pytest.skip(f"{path} is not there; run: make sif IMAGE=hpcpy-spark")
    return str(path)


def executors(cluster: Cluster) -> int:
    """Return how many of this cluster's processes compute for Spark."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = proc_files.read(process / "cmdline").split("\0")
            environment = proc_files.read(process / "environ").split("\0")
        except OSError:
            continue
        is_here = f"SLURM_SUBMIT_DIR={cluster.shared}" in environment
        found += is_here and "org.apache.spark.executor.CoarseGrainedExecutorBackend" in words
    return found


@pytest.mark.long
def test_the_rows_of_both_workloads(cluster: Cluster, spark: str) -> None:
    report = cluster.shared / "spark.json"
    words = (f"W=pi --impl spark --json {report}", *SIZE, f"IMAGE={spark}")
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, said(done)) == (0, [])
    # The stored count of four.
    assert "seeded, 4 at work: 15,703,353 hits" in done.stdout
    (result,) = json.loads(report.read_text())["results"]
    assert (result["impl"], result["workers"]) == ("spark", 4)
    words = ("W=mandel --impl spark --area area1", *SIZE, f"IMAGE={spark}")
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, said(done)) == (0, [])
    assert "matches the reference" in done.stdout


@pytest.mark.long
def test_a_program_computes_on_both_nodes(cluster: Cluster, spark: str) -> None:
    (cluster.shared / "hosts.py").write_text(HOSTS)
    done = hpcpy(cluster, "launch", "PROGRAM=hosts.py", *SIZE, f"IMAGE={spark}")
    first, second = NODES
    assert (done.returncode, done.stdout) == (0, f"{first} {first} {second} {second}\n"), done


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_it(cluster: Cluster, spark: str, number: signal.Signals) -> None:
    process = start(cluster, f"W=pi --impl spark -n {2**40}", *SIZE, f"IMAGE={spark}")
    end = time.monotonic() + SECONDS
    while executors(cluster) < 4:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, err
    assert err.splitlines()[-1] == f"hpcpy launch: stopped by {number.name}"
    nothing_is_left(cluster, "pi --impl spark")
    # They end when their workers have: Java's shutdown is none of the step's.
    while executors(cluster):
        assert time.monotonic() < end + SECONDS
        time.sleep(0.1)


def test_an_image_without_spark_is_69_and_one_line(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "W=pi --impl spark", *SIZE, f"IMAGE={sif}")
    assert done.returncode == 69
    told = [line for line in done.stderr.splitlines() if line.startswith("on_spark:")]
    assert told == ["on_spark: no program java here: run it in the image hpcpy-spark"]
