"""Dask and Spark across both nodes: by ``make launch DASK=1`` and ``SPARK=1``, and by hand."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
from launching import SECONDS, hpcpy, nothing_is_left, processes, processor_seconds, said, start
from local_cluster import Cluster, image

from hpcpy.cluster.layout import NODES
from hpcpy.core import paths
from hpcpy.images.graph import the_graph
from hpcpy.images.outputs import sif_path
from running import wait_until
from tiers import sampled

# Beside the same tasks in one process, whose answer is the same.
TASKS = "linalg --task tasks --impl serial,dask -n 31 --count 40 --repeat 1"


def running(cluster: Cluster, *beginning: str) -> dict[int, str]:
    """Return the node of each Python of this cluster whose words begin like that."""
    return {
        one.number: one.variables["SLURMD_NODENAME"]
        for one in processes(cluster)
        if tuple(one.words[1 : 1 + len(beginning)]) == beginning
    }


def workers(cluster: Cluster) -> dict[int, str]:
    return running(cluster, "-m", "hpcpy_job.dask_worker")


def wait_until_it_computes(cluster: Cluster) -> None:
    wait_until(lambda: running(cluster, "-m", "hpcpy_job.program", "-m"), every=0.1)
    # And not only imports: the workers have done that, and all but sleep until then.
    used = {worker: processor_seconds(worker) for worker in workers(cluster)}
    wait_until(
        lambda: any(processor_seconds(one) > used.get(one, 0) + 0.5 for one in workers(cluster)),
        every=0.1,
    )


@pytest.mark.long
def test_tasks_of_linear_algebra_with_a_scheduler_file(cluster: Cluster) -> None:
    # The script of docs/reference/linalg.md, its image and its workload named.
    text = (paths.ROOT / "docs/reference/linalg.md").read_text()
    (script,) = re.findall(r"^```bash\n(#!/bin/bash\n.*?)^```$", text, re.M | re.S)
    folder = cluster.shared / "dask"
    folder.mkdir()
    report = folder / "report.json"
    named = {
        "apptainer exec hpcpy.sif": " ".join(image()),
        "linalg --task tasks --impl dask": f"{TASKS} --json {report}",
    }
    for word, ours in named.items():
        assert word in script
        script = script.replace(word, ours)
    (folder / "dask.sbatch").write_text(script)
    log = folder / "log"
    done = cluster.run(
        *("sbatch", "--wait", f"--chdir={folder}", f"--output={log}", folder / "dask.sbatch"),
        timeout=SECONDS,
    )
    assert done.returncode == 0, log.read_text()
    assert "linalg tasks: 40 of 31 × 31" in log.read_text()
    alone, dask = json.loads(report.read_text())["results"]
    assert (alone["impl"], alone["workers"]) == ("serial", 1)
    assert (dask["impl"], dask["workers"]) == ("dask", 4)
    assert alone["answer"] == dask["answer"]


@pytest.mark.parametrize("kind", sampled(["pmi2", "pmix"]))
def test_pi_by_launch(cluster: Cluster, sif: str, kind: str) -> None:
    words = ("W=pi --impl dask", "NODES=2", "TASKS=4", "DASK=1", f"MPI={kind}", f"IMAGE={sif}")
    done = hpcpy(cluster, "launch", *words)
    assert (done.returncode, said(done)) == (0, [])
    # The stored count of four.
    assert "seeded, 4 at work: 15,703,353 hits" in done.stdout
    assert "matches" in done.stdout


@pytest.fixture
def endless(cluster: Cluster, sif: str) -> Iterator[subprocess.Popen[str]]:
    """Start a launch that computes for long, and wait until all its workers are there."""
    words = ("W=pi --impl dask -n 2000000000", "NODES=2", "TASKS=4", "DASK=1", f"IMAGE={sif}")
    with start(cluster, *words) as process:
        try:
            wait_until(lambda: len(workers(cluster)) == 4, process, every=0.1)
            first, second = NODES
            assert sorted(workers(cluster).values()) == [first, first, second, second]
            yield process
        finally:
            process.kill()


@pytest.mark.long
def test_a_worker_that_dies_ends_the_job(cluster: Cluster, endless: subprocess.Popen[str]) -> None:
    os.kill(
        next(worker for worker, node in workers(cluster).items() if node == "n2"), signal.SIGKILL
    )
    _, err = endless.communicate(timeout=SECONDS)
    assert endless.returncode not in (0, None)
    assert re.match(r"hpcpy launch: rank [23] on n2: ", err.splitlines()[-1]), err
    nothing_is_left(cluster, "pi --impl dask")
    assert workers(cluster) == {}


@pytest.mark.long
def test_a_signal_ends_all_workers(cluster: Cluster, endless: subprocess.Popen[str]) -> None:
    wait_until_it_computes(cluster)
    endless.send_signal(signal.SIGTERM)
    _, err = endless.communicate(timeout=SECONDS)
    assert endless.returncode not in (0, None), err
    assert err.splitlines()[-1].startswith("hpcpy launch: stopped by SIGTERM, "), err
    assert "Traceback" not in err, err
    nothing_is_left(cluster, "pi --impl dask")
    assert workers(cluster) == {}


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
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.startswith("on_spark:")]
    assert told == ["on_spark: Spark is not in this image: run it in hpcpy-spark"]
