"""Spark across both nodes: ``make launch SPARK=1`` in hpcpy-spark, and in another image."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest
from launching import SECONDS, hpcpy, nothing_is_left, processes, said, start
from local_cluster import Cluster

from hpcpy.build.current import sif_path
from hpcpy.build.graph import the_graph
from hpcpy.cluster.layout import NODES

SIZE = ("NODES=2", "TASKS=4", "SPARK=1")
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
WORKER = "org.apache.spark.deploy.worker.Worker"
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


def running(cluster: Cluster, kind: str) -> dict[int, str]:
    """Return the node of each process of this cluster that is of a class of Spark's."""
    return {
        one.number: one.variables["SLURMD_NODENAME"]
        for one in processes(cluster)
        if kind in one.words
    }


def computing(cluster: Cluster, spark: str) -> subprocess.Popen[str]:
    """Start a launch that computes for long, and wait until all its executors are there."""
    process = start(cluster, f"W=pi --impl spark -n {2**40}", *SIZE, f"IMAGE={spark}")
    end = time.monotonic() + SECONDS
    while len(running(cluster, EXECUTOR)) < 4:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)
    return process


def nothing_of_spark_is_left(cluster: Cluster) -> None:
    nothing_is_left(cluster, "pi --impl spark")
    # Executors end when their workers have: Java's shutdown is none of the step's.
    end = time.monotonic() + SECONDS
    while running(cluster, EXECUTOR) or running(cluster, WORKER):
        assert time.monotonic() < end
        time.sleep(0.1)


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
    process = computing(cluster, spark)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, err
    assert err.splitlines()[-1] == f"hpcpy launch: stopped by {number.name}"
    nothing_of_spark_is_left(cluster)


@pytest.mark.long
def test_a_worker_that_dies_ends_the_job(cluster: Cluster, spark: str) -> None:
    node = NODES[1]
    process = computing(cluster, spark)
    victim = next(one for one, where in running(cluster, WORKER).items() if where == node)
    os.kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None), err
    assert re.match(rf"hpcpy launch: rank \d on {node}: ", err.splitlines()[-1]), err
    nothing_of_spark_is_left(cluster)


def test_an_image_without_spark_is_69_and_one_line(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "W=pi --impl spark", *SIZE, f"IMAGE={sif}")
    assert done.returncode == 69
    told = [line for line in done.stderr.splitlines() if line.startswith("on_spark:")]
    assert told == ["on_spark: no program java here: run it in the image hpcpy-spark"]
