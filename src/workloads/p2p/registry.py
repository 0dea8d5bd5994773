"""The techniques there are; adding one is a class and an entry here."""

from __future__ import annotations

from functools import partial

from hpcpy_common import machine, ranks
from workloads.bench.workload import Technique


def alone() -> str:
    """Return why there is nobody to send to, or an empty string."""
    if ranks.expected() > 1:
        return ""
    line = "-n 2 python -m workloads p2p"
    return f"one rank has nobody to send to; start two: mpiexec {line}, or srun {line}"


_HERE = "workloads.p2p.mpi:"
_mpi = partial(Technique, needs=("numpy", "mpi4py"), parallel="ranks", obstacle=alone)

TECHNIQUES = {
    "mpi-lower": _mpi(_HERE + "Lower", "send and recv: Python objects, pickled"),
    "mpi-upper": _mpi(_HERE + "Upper", "Send and Recv: buffers"),
    "mpi-cupy": _mpi(
        _HERE + "CuPy",
        "Send and Recv of CuPy's arrays, by an MPI library that knows GPUs",
        needs=("numpy", "cupy", "mpi4py"),
        obstacle=lambda: alone() or machine.no_cuda_device(),
    ),
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi-upper",)
