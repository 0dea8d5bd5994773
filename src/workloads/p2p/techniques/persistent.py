"""``Send_init`` and ``Recv_init``: described once, started again and again."""

from __future__ import annotations

import functools
from typing import Any

from mpi4py import MPI

from workloads.p2p import channel
from workloads.p2p.channel import Bytes


class Channel(channel.Channel):
    """Buffers, by requests that stay."""

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        super().__init__(comm, out, into)
        self._held: list[Any] = []
        self._to = functools.cache(lambda dest: self._hold(comm.Send_init(out, dest)))
        self._from = functools.cache(lambda source: self._hold(comm.Recv_init(into, source)))

    def _hold(self, request: Any) -> Any:
        self._held.append(request)
        return request

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        request = self._to(dest)
        request.Start()
        request.Wait()

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        request = self._from(source)
        request.Start()
        request.Wait()

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        both = [self._from(source), self._to(dest)]
        MPI.Prequest.Startall(both)
        MPI.Request.Waitall(both)

    def close(self) -> None:
        """Free the requests."""
        for request in self._held:
            request.Free()
