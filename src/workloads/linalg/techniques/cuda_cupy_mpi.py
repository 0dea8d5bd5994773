"""MPI and CuPy: the ranks of a node take its GPUs in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.cuda import cupy_device, cupy_libraries
from workloads.linalg.techniques.mpi import Errors, shared_out

if TYPE_CHECKING:
    from workloads.harness.team import Team
    from workloads.linalg.problems import Tasks


def tasks(problem: Tasks, team: Team) -> tuple[Errors, str]:
    """Do them on every rank."""
    from mpi4py import MPI  # noqa: PLC0415

    cupy, name = cupy_device()
    node = team.comm.Split_type(MPI.COMM_TYPE_SHARED)
    devices = cupy.cuda.runtime.getDeviceCount()
    with cupy.cuda.Device(node.rank % devices), cupy_libraries():
        note = f"{min(node.size, devices)} × {name} a node"
        node.Free()
        return shared_out(cupy, problem, team), note
