"""``Put``: the sender writes into a window of the receiver's memory."""

from __future__ import annotations

from typing import Any

from workloads.p2p import window
from workloads.p2p.channel import Bytes


class Channel(window.Channel):
    """One-sided, written by the sender."""

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        super().__init__(comm, out, into, into)

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.window.Start(self.group(dest))
        self.window.Put(self.out, dest)
        self.window.Complete()

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.window.Post(self.group(source))
        self.window.Wait()

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        self.window.Post(self.group(source))
        self.send(dest)
        self.window.Wait()
