"""A node's cores, divided among its ranks' BLAS threads (MPI)."""

from __future__ import annotations

import os
from typing import Any

from hpcpy_common.errors import UnavailableError
from workloads.exercise.judging import difference, kind, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("nersc 19", needs=("threadpoolctl",))


def judge(module: Any) -> str:
    import numpy as np
    from threadpoolctl import threadpool_info, threadpool_limits

    comm, matrix = world(), np.eye(8)
    node = comm.Split(2 * comm.rank // comm.size)  # two of four ranks are one node
    for cores in 7, 1:  # two ranks share 7 with a remainder
        counted = list[int]()

        def product(counted: list[int] = counted) -> Any:
            blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
            counted.extend(pool["num_threads"] for pool in blas)
            return matrix @ matrix

        # As BLAS begins on a node of so many cores.
        with threadpool_limits(cores, user_api="blas") as limits:
            if not limits.get_original_num_threads()["blas"]:
                raise UnavailableError("cannot run here: NumPy's BLAS has no threads to limit")
            before = dict(os.environ)
            answer = module.compute(node, cores, product)
        if not counted:
            return "product() was not called"
        share = max(1, cores // node.size)
        # Who gives what is left over to some ranks leaves no core idle.
        if min(counted) < share or node.allreduce(max(counted)) > max(cores, node.size):
            wrong = min(counted) if min(counted) < share else max(counted)
            shown = f"ranks: {node.size}, cores: {cores}, threads of each rank: {wrong}"
            late = "; BLAS read the variable when NumPy was imported"
            return f"{shown}, not {share}{late if os.environ != before else ''}"
        if difference(answer, matrix):
            return f"{kind(answer)}: return what product() returns"
    return ""
