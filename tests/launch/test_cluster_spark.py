"""Spark across both nodes: ``make launch SPARK=1`` in hpcpy-spark, and in another image."""

import json

import pytest
from launching import hpcpy, said
from local_cluster import Cluster

from hpcpy.images.graph import the_graph
from hpcpy.images.outputs import sif_path
from hpcpy_cluster.layout import NODES

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


def test_an_image_without_spark_is_69_and_one_line(cluster: Cluster, sif: str) -> None:
    done = hpcpy(cluster, "launch", "W=pi --impl spark", *SIZE, f"IMAGE={sif}")
    assert done.returncode == 69
    told = [line for line in done.stderr.splitlines() if line.startswith("on_spark:")]
    assert told == ["on_spark: Spark is not in this image: run it in hpcpy-spark"]
