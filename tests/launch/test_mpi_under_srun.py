"""Each MPI library under each of srun's kinds of MPI, over two nodes: cells of docs/how-to/mpi.md.

The image's own library is in test_cluster_workloads.py.
"""

from pathlib import Path

import pytest
from local_cluster import Cluster, image
from mpi_libraries import NEEDS, WORK, said

from running import Done
from tiers import sampled

pytestmark = NEEDS
WHERE = "import os; print(*sorted(set(comm.allgather(os.uname().nodename))), flush=True)"
# With its default, UCX over all of a node's networks, MPICH's addresses are longer than
# what Slurm 22.05 takes by PMI2 ("value not properly terminated"): the ranks hang.
# TCP over all of them is at the limit: it hangs with a PATH of 450 characters.
UCX = "UCX_TLS=tcp,self UCX_NET_DEVICES=eth0"
OFI = "MPIR_CVAR_CH4_NETMOD=ofi"
# Open MPI's component for one-sided communication says so where there is no UCX device.
OPEN = "OMPI_MCA_osc=^ucx"
# 3 + 1 with the third rank on the other node, and 2 + 2.
SPREAD = ("--distribution=plane=2", "--ntasks-per-node=2")


def srun(cluster: Cluster, mpi: Path, options: tuple[str, ...], library: str, *words: str) -> Done:
    *program, sif = image()
    inside = (f"--bind={mpi}:/mpi", sif, "env", f"LD_LIBRARY_PATH=/mpi/{library}/lib")
    return cluster.srun("-N2", *options, *program, *inside, *words)


@pytest.mark.parametrize("tasks", sampled(SPREAD))
@pytest.mark.parametrize(
    "cell", sampled([f"openmpi pmix {OPEN}", f"mpich pmi2 {UCX}", f"abi pmi2 {OFI}"], keep=2)
)
def test_ranks_of_two_nodes_work_together(
    cluster: Cluster, mpi: Path, cell: str, tasks: str
) -> None:
    library, kind, *variables = cell.split()
    file = str(cluster.shared / f"ring-{library}{tasks}")
    program = (*variables, "python3", "-c", WORK + WHERE, file)
    done = srun(cluster, mpi, (f"--mpi={kind}", "-n4", tasks), library, *program)
    name = "Open MPI" if library == "openmpi" else "MPICH"
    assert sorted(said(done)) == [f"4 {name}"] * 4 + ["n1 n2"] * 4


@pytest.mark.parametrize("how", sampled(["hpcpy_job preflight", "mpi4py"]))
def test_a_rank_of_open_mpi_that_fails_ends_all(cluster: Cluster, mpi: Path, how: str) -> None:
    fails = cluster.shared / "fails.py"
    fails.write_text(
        "from mpi4py import MPI\n"
        "if MPI.COMM_WORLD.rank == 2:\n"
        "    raise ValueError('mine')\n"
        "MPI.COMM_WORLD.Barrier()\n"
    )
    options = ("--mpi=pmix", "-n4", "--ntasks-per-node=2", "--kill-on-bad-exit=1")
    done = srun(cluster, mpi, options, "openmpi", OPEN, "python3", "-m", *how.split(), str(fails))
    assert done.returncode != 0
    assert done.stderr.count("ValueError: mine\n") == 1, done.stderr
    if how != "mpi4py":  # Open MPI itself names none here
        assert "hpcpy: rank 2 on n2: exit code 1\n" in done.stderr


@pytest.mark.parametrize("library", sampled(["mpich", "abi"]))
def test_an_mpich_without_pmix_says_so_and_ends(cluster: Cluster, mpi: Path, library: str) -> None:
    program = ("python3", "-c", "from mpi4py import MPI; print(MPI.COMM_WORLD.size)")
    done = srun(cluster, mpi, ("--mpi=pmix", "-n2"), library, *program)
    assert done.returncode not in (0, 1)
    assert done.stdout == ""
    assert "Runtime environment uses unsupported PMI version PMIx" in done.stderr


@pytest.mark.parametrize(
    ("library", "kind"),
    # The image's own, where /mpi has none; Open MPI speaks PMIx alone.
    sampled([("own", "none"), ("openmpi", "pmi2"), ("mpich", "none")]),
)
def test_where_every_rank_is_rank_0_of_1_the_workloads_refuse(
    cluster: Cluster, mpi: Path, library: str, kind: str
) -> None:
    program = ("python3", "-m", "workloads", "pi", "--impl", "mpi", "-n", "10007")
    done = srun(cluster, mpi, (f"--mpi={kind}", "-n2"), library, *program)
    assert (done.returncode, done.stdout) == (69, "")
    assert "the launcher started 2 processes but MPI sees one rank in each" in done.stderr
    assert "srun --mpi=pmi2 (MPICH) or --mpi=pmix (Open MPI)" in done.stderr
