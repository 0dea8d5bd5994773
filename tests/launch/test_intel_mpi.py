"""Intel MPI in place of the image's MPI, alone and over two nodes: cells of docs/how-to/mpi.md."""

from pathlib import Path
from typing import Any

import pytest
from injection_ways import PROGRAM
from local_cluster import Cluster, image
from mpi_libraries import ERRORS, NEEDS, WORK, in_image, said, unpacked_intel

from tiers import sampled

pytestmark = NEEDS
LIBRARY = "/mpi/intel/lib"
# With its library of the MPI standard's ABI an error ends the program, whatever handler
# is set; without Python, too.
PROGRAMS = {"mpich": WORK, "abi": WORK.replace(ERRORS, "\n")}
LAUNCHERS = ["/mpi/intel/bin/mpiexec", "/opt/mpich/bin/mpiexec"]


@pytest.fixture(scope="module")
def intel(cluster: Cluster) -> Path:
    # Not in /tmp, of which each node has its own.
    return unpacked_intel(cluster.shared / "mpi")


@pytest.mark.parametrize("interface", ["mpich", "abi"])
@pytest.mark.parametrize("launcher", LAUNCHERS, ids=["own mpiexec", "the image's"])
def test_ranks_work_together(intel: Path, launcher: str, interface: str) -> None:
    variables: dict[str, Any] = {"LD_LIBRARY_PATH": LIBRARY, "HPCPY_MPI": interface}
    done = in_image(intel, launcher, "-n", "3", "python3", "-c", PROGRAMS[interface], **variables)
    assert said(done) == ["3 Intel MPI"] * 3


def test_ranks_write_one_hdf5_file(intel: Path) -> None:
    start = ("/opt/mpich/bin/mpiexec", "-n", "3", "python3", "-c", PROGRAM)
    done = in_image(intel, *start, LD_LIBRARY_PATH=LIBRARY)
    assert sorted(said(done)) == [f"{rank} 3 Library {LIBRARY}/libmpi.so.12" for rank in range(3)]


# It does not start unless a node's ranks are consecutive ("unable to allocate shared memory").
@pytest.mark.parametrize("tasks", sampled(["--distribution=plane=3", "--ntasks-per-node=2"]))
@pytest.mark.parametrize("interface", ["mpich", "abi"])
def test_ranks_of_two_nodes_work_together(
    cluster: Cluster, intel: Path, interface: str, tasks: str
) -> None:
    *program, sif = image()
    variables = (f"LD_LIBRARY_PATH={LIBRARY}", f"HPCPY_MPI={interface}", "FI_PROVIDER=tcp")
    inside = (f"--bind={intel}:/mpi", sif, "env", *variables, "python3", "-c", PROGRAMS[interface])
    ring = str(cluster.shared / f"ring-{interface}{tasks}")
    done = cluster.srun("-N2", "-n4", tasks, "--mpi=pmi2", *program, *inside, ring)
    assert said(done) == ["4 Intel MPI"] * 4
