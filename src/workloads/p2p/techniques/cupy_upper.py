"""``Send`` and ``Recv`` of CuPy's arrays: from one GPU's memory into another's.

mpi4py passes their addresses on, and a GPU-aware library moves the bytes by
itself, without a copy on the host where the hardware can.
"""

from __future__ import annotations

from typing import Any

from mpi4py import MPI

from workloads.device.cuda import cupy_device, require_gpu_aware
from workloads.p2p import channel
from workloads.p2p.channel import Bytes
from workloads.parallel import ranks


def _cupy() -> Any:
    require_gpu_aware(MPI.Get_library_version())
    return cupy_device()[0]


class Channel(channel.Channel):
    """Buffers on this rank's GPU, blocking.

    Raises
    ------
    UnavailableError
        On every rank, when the MPI library does not know GPUs or one has no device.
    """

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        cupy = ranks.all_or_none(comm, _cupy)
        super().__init__(comm, cupy.asarray(out), cupy.asarray(into))
        # MPI knows nothing of CuPy's streams: the copies must have ended.
        self._wait = cupy.cuda.get_current_stream().synchronize
        self._wait()

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.comm.Send(self.out, dest)

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.comm.Recv(self.into, source)

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        self.comm.Sendrecv(self.out, dest, recvbuf=self.into, source=source)

    def forget(self) -> None:
        """Set what has arrived to zero."""
        super().forget()
        self._wait()

    def arrived(self) -> Bytes:
        """Return what has arrived, from the GPU's memory."""
        on_device: Any = self.into
        copied: Bytes = on_device.get()
        return copied
