"""Which of a node's GPUs each rank takes, by a real Slurm; and what it says where there is none."""

from __future__ import annotations

import pytest
from local_cluster import Cluster, image

from workloads.bench.machine import no_cuda_device

# As if each node had two devices: what is asked for is the choice alone.
CHOICE = """
import os
from workloads.device.cuda import of_this_rank
print(os.environ["SLURM_NODEID"], os.environ["SLURM_LOCALID"], of_this_rank(2))
"""


def test_the_ranks_of_each_node_take_its_devices_in_turn(cluster: Cluster) -> None:
    done = cluster.srun(
        "-N2", "--ntasks-per-node=3", "--mpi=none", *image(), "python3", "-c", CHOICE
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == [
        f"{node} {local} {local % 2}" for node in range(2) for local in range(3)
    ]


@pytest.mark.skipif(not no_cuda_device(), reason="this machine has a CUDA device")
def test_without_a_gpu_a_row_over_two_nodes_says_so(cluster: Cluster) -> None:
    words = ("linalg", "--task", "tasks", "--impl", "cupy-mpi")
    step = ("-N2", "--ntasks-per-node=2", "--mpi=pmi2")
    done = cluster.srun(*step, *image(), "python3", "-m", "workloads", *words)
    assert (done.returncode, done.stdout) == (69, "")
    said = "cupy-mpi cannot run here: no CUDA device: run with --nv on a GPU node"
    assert [line for line in done.stderr.splitlines() if not line.startswith("srun: ")] == [
        f"workloads: linalg: {said}"
    ]
