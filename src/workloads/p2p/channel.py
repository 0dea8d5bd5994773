"""What a technique is to give: a way to send one message and to receive one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]


class Channel:
    """One message out, one in.

    Parameters
    ----------
    comm
        The communicator; all its ranks open a channel together.
    out
        What is sent.
    into
        Where the message that arrives is, in the end; as long as `out`.  A
        technique may put another array in its place.
    """

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        self.comm, self.out, self.into = comm, out, into

    def send(self, dest: int) -> None:
        """Send to a rank that receives."""
        raise NotImplementedError

    def receive(self, source: int) -> None:
        """Receive from a rank that sends."""
        raise NotImplementedError

    def swap(self, dest: int, source: int) -> None:
        """Send to one rank and receive from another, which do the same."""
        raise NotImplementedError

    def forget(self) -> None:
        """Set what has arrived to zero: it is not to be taken for what arrives next."""
        self.into[:] = 0

    def arrived(self) -> Bytes:
        """Return what has arrived."""
        return self.into

    def close(self) -> None:
        """Give back what it holds; all ranks together."""
