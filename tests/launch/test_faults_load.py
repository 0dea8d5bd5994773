"""Nodes without a folder for temporary files, and job after job: nothing is left behind."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster, image, own, started

from running import printed, run, wait_until

pytestmark = pytest.mark.long

# An hour looks for leaks (docs/maintainers/faults.md).
# By default long enough to show that it works.
MINUTES = float(os.environ.get("HPCPY_FAULTS_MINUTES", "0.5"))
PI = ("python3", "-m", "workloads", "pi", "--impl", "mpi", "-n", "100000")
# Prints how much of each of KINDS a node has: entries of folders, lines of tables.
LEFT = """
for folder in /dev/shm /dev/mqueue /tmp; do find "$folder" -mindepth 1 | wc -l; done
for table in /proc/sysvipc/shm /proc/sysvipc/sem /proc/sysvipc/msg /proc/self/mountinfo; do
    wc -l < "$table"; done
ls -d /proc/[0-9]* | wc -l
"""
KINDS = ("/dev/shm", "/dev/mqueue", "/tmp", "shm", "sem", "msg", "mounts", "processes")  # noqa: S108


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with own("load") as layout:
        yield started(layout)


def left(cluster: Cluster) -> dict[str, list[int]]:
    told = cluster.srun("-N2", "--label", "sh", "-c", LEFT).stdout.splitlines()
    numbers = [int(line.partition(": ")[2]) for line in sorted(told, key=lambda line: line[0])]
    nodes = numbers[: len(KINDS)], numbers[len(KINDS) :]
    return dict(zip(KINDS, map(list, zip(*nodes, strict=True)), strict=True))


def open_files(cluster: Cluster) -> int:
    daemons = [cluster.daemon("slurmd", node) for node in cluster.layout.nodes]
    return sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in daemons)


def test_job_after_job_leaves_nothing(cluster: Cluster) -> None:
    job = ("--mpi=pmi2", "-N2", "-n4", *image(), *PI)
    assert cluster.srun(*job).returncode == 0
    before, files = left(cluster), open_files(cluster)
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        printed(cluster.srun(*job))
    assert left(cluster) == before
    # A daemon that is just being asked has a file more.
    wait_until(lambda: open_files(cluster) <= files, shows=lambda: open_files(cluster), every=1)


@pytest.mark.parametrize("impl", ["mpi-cyclic", "numba", "multiprocessing"])
def test_workloads_do_without_temporary_files(impl: str) -> None:
    engine, word, sif = image()
    mandel = ("python3", "-m", "workloads", "mandel", "--area", "area1", "--impl", impl)
    ranks = ("mpiexec", "-n", "2") if impl == "mpi-cyclic" else ()
    shown = printed(run(engine, word, "--no-mount=tmp", sif, *ranks, *mandel))
    assert "identical" in shown or "match" in shown
