"""``send`` and ``recv``: any Python object, pickled on its way.

The talk's exchange: a dictionary with an array in it.  The array is copied
into the pickle, the pickle is sent, and the other side makes a new array.
"""

from __future__ import annotations

from workloads.p2p import channel


class Channel(channel.Channel):
    """Objects through pickle."""

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.comm.send({"rank": self.comm.rank, "data": self.out}, dest)

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.into = self.comm.recv(source=source)["data"]

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        mine = {"rank": self.comm.rank, "data": self.out}
        self.into = self.comm.sendrecv(mine, dest, source=source)["data"]
