"""What a technique provides: a way to send one message and to receive one."""

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
        The message that is sent: uint8, of one axis.
    into
        The array for the message that arrives, of the shape of `out`.  A technique
        may replace it by another array.
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
        """Send to one rank and receive from another, while both do the same."""
        raise NotImplementedError

    def forget(self) -> None:
        """Set what has arrived to zero, so that it is not taken for what arrives next."""
        self.into[:] = 0

    def arrived(self) -> Bytes:
        """Return the message that has arrived, in the host's memory."""
        return self.into

    def close(self) -> None:
        """Free what the channel holds; all ranks call this together."""
