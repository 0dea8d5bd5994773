"""``Get``: the receiver reads out of a window of the sender's memory."""

from __future__ import annotations

from typing import Any

from workloads.p2p import window
from workloads.p2p.channel import Bytes


class Channel(window.Channel):
    """One-sided, read by the receiver."""

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        super().__init__(comm, out, into, out)

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        self.window.Post(self.group(dest))
        self.window.Wait()

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        self.window.Start(self.group(source))
        self.window.Get(self.into, source)
        self.window.Complete()

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another."""
        self.window.Post(self.group(dest))
        self.receive(source)
        self.window.Wait()
