"""The techniques: ways to send the message `out` to a peer, and to receive one from it.

All ranks make their channels together; then only the two peers call them.
"""
# ruff: noqa: D102

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpi4py import MPI

from hpcpy_common import ranks
from hpcpy_common.errors import UnavailableError
from workloads.device.cuda import cupy_device

if TYPE_CHECKING:
    from workloads.p2p.messages import Bytes

_NO_GPU_MPI = (
    "bind the site's GPU-aware MPI and put it on LD_LIBRARY_PATH, or copy to the host: array.get()"
)
# Cray MPICH reads only this variable for it, when it starts.
_CRAY = "MPICH_GPU_SUPPORT_ENABLED"


class Upper:
    """``Send`` and ``Recv``: the bytes of a buffer, as a C program would send them."""

    def __init__(self, comm: Any, out: Bytes, peer: int) -> None:
        self.comm, self.peer = comm, peer  # MPI.COMM_WORLD, and the other rank
        self.out, self.into = out, out.copy()

    def send(self) -> None:
        self.comm.Send(self.out, self.peer)

    def receive(self) -> None:
        self.comm.Recv(self.into, self.peer)

    def clear(self) -> None:
        # What arrived before is not to be taken for what arrives next.
        self.into[:] = 0

    def arrived(self) -> Bytes:
        return self.into


class Lower(Upper):
    """``send`` and ``recv``: any Python object, copied into a pickle and out of it."""

    def __init__(self, comm: Any, out: Bytes, peer: int) -> None:
        super().__init__(comm, out, peer)
        self.mine = {"rank": comm.rank, "data": out}  # the talk's

    def send(self) -> None:
        self.comm.send(self.mine, self.peer)

    def receive(self) -> None:
        self.into = self.comm.recv(source=self.peer)["data"]


class CuPy(Upper):
    """``Send`` and ``Recv`` of CuPy's arrays: from one GPU's memory into another's."""

    def __init__(self, comm: Any, out: Bytes, peer: int) -> None:
        self.cupy: Any = ranks.all_or_none(comm, _cupy)
        super().__init__(comm, self.cupy.asarray(out), peer)
        self.clear()

    def clear(self) -> None:
        super().clear()
        # MPI knows nothing of CuPy's streams: the copies must have ended.
        self.cupy.cuda.get_current_stream().synchronize()

    def arrived(self) -> Bytes:
        copied: Bytes = self.cupy.asnumpy(self.into)
        return copied


def _cupy() -> Any:
    require_gpu_aware(MPI.Get_library_version())
    return cupy_device()[0]


def require_gpu_aware(version: str) -> None:
    """Raise an UnavailableError unless the MPI library says that it sends from a GPU.

    Another one would read the address as host memory, and end the process with a
    segmentation fault.  `version` is what ``MPI.Get_library_version()`` returns.
    """
    name = " ".join(version.split()[:3]).rstrip(",")
    if "CRAY MPICH" in version.upper():
        if os.environ.get(_CRAY) != "1":
            raise UnavailableError(
                f"this MPI library ({name}) does not send from a GPU", hint=f"set {_CRAY}=1"
            )
        return
    # A function of MPICH and Open MPI.
    query = getattr(_library(), "MPIX_Query_cuda_support", None)
    if not (query and query()):
        raise UnavailableError(
            f"this MPI library ({name}) cannot send from a GPU", hint=_NO_GPU_MPI
        )


def _library() -> Any:
    """Return the MPI library that is loaded; None when its file is not known."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.partition("/")[2]
        if path.rpartition("/")[2].startswith("libmpi"):
            return ctypes.CDLL(f"/{path}")
    return None
