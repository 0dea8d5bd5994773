"""Slurm's controller is killed while a job computes.

In `make test`: `tests/launch/test_cluster_ends.py`, a node that dies.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from local_cluster import daemons, image
from own_cluster import hpcpy, own, running, started

from hpcpy.cluster.layout import Layout

pytestmark = pytest.mark.long

# Its ranks wait for each other again and again, until the test makes the file `go`.
COMPUTES = """
import pathlib, sys, time
from mpi4py import MPI
comm, folder = MPI.COMM_WORLD, pathlib.Path(sys.argv[1])
(folder / f"there.{comm.rank}").touch()
while not comm.allreduce((folder / "go").exists()):
    time.sleep(0.05)
print(comm.allreduce(1))
"""


@pytest.fixture
def layout() -> Iterator[Layout]:
    with own("faults") as one:
        yield one


def test_a_job_outlives_the_controller(layout: Layout) -> None:
    cluster = started(layout)
    words = ("--mpi=pmi2", "-N2", "-n4", *image(), "python3", "-c", COMPUTES)
    with cluster.started(*words, cluster.shared) as job:
        cluster.wait_for_files(*(f"there.{rank}" for rank in range(4)))
        ((controller, _),) = daemons(layout, "slurmctld")
        os.kill(controller, signal.SIGKILL)
        (cluster.shared / "go").touch()
        assert job.stdout
        assert [job.stdout.readline() for _ in range(4)] == ["4\n"] * 4
        assert job.poll() is None
        # srun itself waits for the controller, which forgets the job when it starts anew.
        job.kill()
        hpcpy(layout)
        running(layout)
    assert set(cluster.states().values()) == {"idle"}
