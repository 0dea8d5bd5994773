"""MPI and CuPy: the ranks of a node take its GPUs in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.device.cuda import cupy_device, cupy_libraries, of_this_rank
from workloads.linalg.techniques.mpi import Errors, gathered, own
from workloads.parallel import launchers, ranks

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers


def tasks(problem: Tasks, workers: Workers) -> tuple[Errors, str]:
    """Do each rank's tasks on its GPU; rank 0 returns the errors of all.

    Raises
    ------
    UnavailableError
        On every rank, when one has no GPU, no CUDA libraries or too little memory.
    """
    from mpi4py import MPI  # noqa: PLC0415

    comm = workers.comm
    cupy, name = ranks.all_or_none(comm, cupy_device)
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    devices = cupy.cuda.runtime.getDeviceCount()
    note = f"{min(node.size, devices)} × {name} a node"
    device = node.rank % devices if launchers.rank_on_node() is None else of_this_rank(devices)
    node.Free()

    def mine() -> Errors:
        with cupy.cuda.Device(device), cupy_libraries():
            return own(cupy, problem, comm)

    return gathered(ranks.all_or_none(comm, mine), problem, comm), note
