"""``Isend`` and ``Irecv``: begun, and waited for later; a program can compute in between."""

from __future__ import annotations

from mpi4py import MPI

from workloads.p2p import channel


class Channel(channel.Channel):
    """Buffers, not blocking."""

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.comm.Isend(self.out, dest).Wait()

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.comm.Irecv(self.into, source).Wait()

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        # The receive first, so that the message that arrives has a place to go.
        arriving = self.comm.Irecv(self.into, source)
        MPI.Request.Waitall([arriving, self.comm.Isend(self.out, dest)])
