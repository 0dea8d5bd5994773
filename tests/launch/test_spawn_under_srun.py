"""mpiexec below srun starts ranks on its own node, and a program spawns there by it.

Without mpiexec the program says so at once.
"""

import pytest
from local_cluster import Cluster, image

from running import printed
from tiers import sampled

SPAWN = """
import sys
from mpi4py import MPI
if MPI.Comm.Get_parent() != MPI.COMM_NULL:
    MPI.Comm.Get_parent().Disconnect()
else:
    children = MPI.COMM_SELF.Spawn(sys.executable, [__file__], 2)
    print(children.remote_size)
    children.Disconnect()
"""
LOCAL = ("mpiexec", "-launcher", "fork", "-hosts", "localhost", "-n", "1")


def test_mpiexec_starts_ranks_on_the_node_of_its_own(cluster: Cluster) -> None:
    program = "from mpi4py import MPI; print(MPI.COMM_WORLD.size, MPI.Get_processor_name())"
    words = (*image(), "mpiexec", "-n", "2", "python3", "-c", program)
    # It asked Slurm for its nodes, called srun, which the image lacks, and waited for ever.
    shown = printed(cluster.srun("--mpi=pmi2", "-N2", "-n2", *words, timeout=300))
    assert sorted(shown.splitlines()) == ["2 n1"] * 2 + ["2 n2"] * 2


@pytest.mark.parametrize(
    ("kind", "before"), sampled([("none", ()), ("pmi2", LOCAL), ("none", LOCAL)], keep=2)
)
def test_a_program_spawns_on_its_node(cluster: Cluster, kind: str, before: tuple[str, ...]) -> None:
    program = cluster.shared / "spawns.py"
    program.write_text(SPAWN)
    words = [*image(), *before, "python3", str(program)]
    assert printed(cluster.srun(f"--mpi={kind}", "-n1", *words, timeout=300)) == "2\n"


@pytest.mark.parametrize("kind", ["pmi2", "pmix"])
def test_a_program_that_slurm_cannot_spawn_for_says_what_to_do(cluster: Cluster, kind: str) -> None:
    program = cluster.shared / "spawns.py"
    program.write_text(SPAWN)
    # It waited for ever.
    done = cluster.srun(f"--mpi={kind}", "-n1", *image(), "python3", program, timeout=300)
    assert done.returncode == 1
    advice = "no processes can be spawned below srun: start the program by " + " ".join(LOCAL)
    assert done.stderr.count(advice) == 1, done.stderr
    assert done.stderr.count("Traceback") == 1
