"""Much at once, much in a row: all of it is right, and nothing is left behind.

In `make test`: `tests/launch/test_images.py`, one start of each kind.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import proc_files
import pytest
from local_cluster import SECONDS, Cluster, image
from own_cluster import own, started

from hpcpy.core.scratch import build_scratch
from running import run

pytestmark = pytest.mark.long

AT_ONCE = 64
# An hour looks for leaks (docs/results/faults.md).  By default long enough to show that it works.
MINUTES = float(os.environ.get("HPCPY_FAULTS_MINUTES", "0.5"))
PROGRAM = "import numpy; print(int(numpy.ones((50, 50)).sum()))"
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
def start() -> Iterator[list[str]]:
    """Give the command of a start of an image that is nobody else's: a name of its own."""
    *words, sif = image()
    with build_scratch("load") as folder:
        own_name = folder / "own.sif"
        own_name.hardlink_to(Path(sif).resolve())
        yield [*words, str(own_name), "python3", "-c", PROGRAM]
        assert not uses(own_name)


def uses(sif: Path) -> list[str]:
    """Return what there is of an image on this machine: loop devices, mounts, processes."""
    # A device is let go a moment after the last process of its namespace.
    end = time.monotonic() + 300
    while True:
        devices = [
            str(file)
            for file in Path("/sys/block").glob("loop*/loop/backing_file")
            if str(sif) in proc_files.read(file)
        ]
        running = [words for words in proc_files.commands() if str(sif) in words]
        table = Path("/proc/self/mountinfo").read_text().splitlines()
        mounts = [line for line in table if str(sif) in line]
        if not (devices or running or mounts) or time.monotonic() > end:
            return [*devices, *running, *mounts]
        time.sleep(0.1)


def ran(command: list[str]) -> None:
    """Run it, which is to print one number and nothing else."""
    done = run(*command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2500\n", "")


def test_many_processes_start_at_once(start: list[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ran, [start] * AT_ONCE))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with own("load") as layout:
        yield started(layout)


def left(cluster: Cluster) -> dict[str, list[int]]:
    """Return how much of each kind the nodes have."""
    told = cluster.srun("-N2", "--label", "sh", "-c", LEFT).stdout.splitlines()
    numbers = [int(line.partition(": ")[2]) for line in sorted(told, key=lambda line: line[0])]
    nodes = numbers[: len(KINDS)], numbers[len(KINDS) :]
    return dict(zip(KINDS, map(list, zip(*nodes, strict=True)), strict=True))


def open_files(cluster: Cluster) -> int:
    """Return how many files the nodes' slurmd have open."""
    daemons = [cluster.daemon("slurmd", node) for node in cluster.layout.nodes]
    return sum(len(list(Path(f"/proc/{process}/fd").iterdir())) for process in daemons)


def test_job_after_job_leaves_nothing(cluster: Cluster) -> None:
    job = ("--mpi=pmi2", "-N2", "-n4", *image(), *PI)
    assert cluster.srun(*job).returncode == 0
    before, files = left(cluster), open_files(cluster)
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        done = cluster.srun(*job)
        assert (done.returncode, done.stderr) == (0, "")
    assert left(cluster) == before
    # A daemon that is just being asked has a file more.
    end = time.monotonic() + SECONDS
    while (found := open_files(cluster)) > files:
        assert time.monotonic() < end, (found, files)
        time.sleep(1)
