"""A storm in a job of a site's Slurm, for which the local cluster of two nodes stands."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import pytest
from launching import SECONDS, hpcpy
from local_cluster import Cluster

from hpcpy.build.plan import make_plan
from hpcpy.build.sif import is_current_sif
from hpcpy.storm.samples import TEMPERATURES


@pytest.fixture(scope="module", autouse=True)
def _has_images(cluster: Cluster) -> None:  # noqa: ARG001
    needs("hpcpy")


def needs(name: str) -> None:
    plan = make_plan()
    if not is_current_sif(plan, plan.graph.image(name)):
        pytest.skip(f"build/{name}.sif: not of these sources; run: ./hpcpy build sif {name}")


def submitted(cluster: Cluster, *words: str) -> str:
    """Have a script written and submitted; return the job's number."""
    script = cluster.shared / "storm.sbatch"
    where = (f"--folder={cluster.shared}", f"--out={cluster.shared}", "--programs=numpy")
    done = hpcpy(cluster, "storm", "SITE=local", f"SCRIPT={script}", *where, *words)
    assert (done.returncode, done.stdout) == (0, f"{script}\n"), done.stderr
    sbatch = cluster.run("sbatch", "--parsable", "--output=%j.out", script)
    assert sbatch.returncode == 0, sbatch.stderr
    return sbatch.stdout.strip()


def waited(cluster: Cluster, number: str) -> str:
    """Wait until a job is over; return what it printed."""
    end = time.monotonic() + SECONDS
    while cluster.run("squeue", "--noheader", f"--jobs={number}").stdout:
        assert time.monotonic() < end, (cluster.shared / f"{number}.out").read_text()
        time.sleep(0.2)
    return (cluster.shared / f"{number}.out").read_text()


def report(cluster: Cluster, number: str) -> dict[str, Any]:
    said = waited(cluster, number)
    path = cluster.shared / f"storm-{number}.json"
    assert path.exists(), said
    assert path.with_suffix(".png").stat().st_size > 10_000, said
    assert "s to the last rank" in said
    return dict(json.loads(path.read_text()))


def nothing_is_left(cluster: Cluster, number: str) -> bool:
    names = f"ls /tmp | grep -E '^(storm|hpcpy)-{number}'"
    on_nodes = cluster.srun("-N2", "sh", "-c", f"{names} || true").stdout
    return (on_nodes, (cluster.shared / f"storm-{number}").exists()) == ("", False)


def test_the_job_of_a_script_measures_on_its_nodes(cluster: Cluster) -> None:
    words = ("--nodes=2", "--ranks=2", "--repetitions=1", "--configurations=static-sif-shared")
    number = submitted(cluster, *words)
    told = report(cluster, number)
    assert (told["site"], told["job_nodes"]) == ("local", 2)
    assert told["file_system"]
    assert [one["temperature"] for one in told["samples"]] == [*TEMPERATURES]
    for one in told["samples"]:
        assert (one["nodes"], one["ranks"], one["asked"]) == (2, 2, [])
        assert [rank["rank"] for rank in one["ranks_told"]] == [0, 1, 2, 3]
        assert Counter(rank["node"] for rank in one["ranks_told"]) == {"n1": 2, "n2": 2}
        for rank in one["ranks_told"]:
            assert rank["begin"] < rank["imported"] <= rank["done"]
            assert rank["cpu"] > 0
        assert one["last"] >= one["import"]["max"]
    assert nothing_is_left(cluster, number)


@pytest.mark.long
def test_trees_and_copies_need_neither_root_nor_a_mount_of_ours(cluster: Cluster) -> None:
    needs("wheels")
    names = ["venv", "venv-broadcast", "conda-staged", "static-files", "static-sif-staged"]
    words = ("--nodes=1,2", "--ranks=2", "--repetitions=1", f"--configurations={','.join(names)}")
    number = submitted(cluster, *words)
    told = report(cluster, number)
    cases = [(one["nodes"], one["configuration"]) for one in told["samples"]]
    assert cases == [(nodes, name) for nodes in (1, 2) for name in names for _ in TEMPERATURES]
    for one in told["samples"]:
        # The first ones: the last one copies.
        nodes = Counter(rank["node"] for rank in one["ranks_told"])
        assert nodes == {f"n{number + 1}": 2 for number in range(one["nodes"])}
    assert nothing_is_left(cluster, number)


@pytest.mark.long
def test_a_cancelled_job_leaves_its_samples_and_nothing_else(cluster: Cluster) -> None:
    words = ("--nodes=2", "--ranks=1", "--repetitions=99", "--configurations=static-sif-staged")
    number = submitted(cluster, *words)
    unfinished = f"storm-{number}.unfinished.json"
    cluster.wait_for_files(unfinished, timeout=SECONDS)
    assert cluster.run("scancel", number).returncode == 0
    waited(cluster, number)
    told = json.loads((cluster.shared / unfinished).read_text())
    assert len(told["samples"]) % 2 == 0
    end = time.monotonic() + SECONDS
    # The job is over for Slurm while its script still removes.
    while not nothing_is_left(cluster, number):
        assert time.monotonic() < end
        time.sleep(0.2)
