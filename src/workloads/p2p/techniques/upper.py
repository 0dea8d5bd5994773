"""``Send`` and ``Recv``: the bytes of a buffer, as a C program would send them."""

from __future__ import annotations

from workloads.p2p import channel


class Channel(channel.Channel):
    """Buffers, blocking."""

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.comm.Send(self.out, dest)

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.comm.Recv(self.into, source)

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        # Two blocking sends that wait for each other's receive would never end.
        self.comm.Sendrecv(self.out, dest, recvbuf=self.into, source=source)
