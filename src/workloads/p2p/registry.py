"""The techniques there are; adding one is a file and an entry here."""

from __future__ import annotations

from workloads.bench.technique import Technique
from workloads.device.cuda import no_device
from workloads.parallel import ranks

_HERE = "workloads.p2p.techniques."


def alone() -> str:
    """Return why there is nobody to send to, or an empty string."""
    if ranks.expected() > 1:
        return ""
    line = "-n 2 python -m workloads p2p"
    return f"one rank has nobody to send to; start two: mpiexec {line}, or srun {line}"


def _technique(module: str, summary: str) -> Technique:
    needs = ("numpy", "mpi4py")
    return Technique(_HERE + module, summary, needs, parallel="ranks", obstacle=alone)


def _alone_or_no_gpu() -> str:
    return alone() or no_device()


TECHNIQUES = {
    "mpi-lower": _technique("lower", "send and recv: Python objects, pickled"),
    "mpi-pickle5": _technique("pickle5", "the same, an array's bytes beside the pickle"),
    "mpi-upper": _technique("upper", "Send and Recv: buffers"),
    "mpi-isend": _technique("isend", "Isend and Irecv: buffers, begun and waited for later"),
    "mpi-persistent": _technique("persistent", "Send_init and Recv_init: described once"),
    "mpi-put": _technique("put", "Put: written into a window of the receiver's memory"),
    "mpi-get": _technique("get", "Get: read out of a window of the sender's memory"),
    "mpi-cupy": Technique(
        _HERE + "cupy_upper",
        "Send and Recv of CuPy's arrays, by an MPI library that knows GPUs",
        ("numpy", "cupy", "mpi4py"),
        parallel="ranks",
        obstacle=_alone_or_no_gpu,
    ),
}

# What `auto` tries, first to last: an order measured once, not here and now.
FASTEST = ("mpi-upper",)
