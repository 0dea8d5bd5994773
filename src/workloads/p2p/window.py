"""A window of one rank's memory that others may access: what one-sided techniques share."""

from __future__ import annotations

import functools
from typing import Any

from mpi4py import MPI

from workloads.p2p import channel
from workloads.p2p.channel import Bytes


class Channel(channel.Channel):
    """One-sided: only the ranks that take part in a message synchronise.

    Parameters
    ----------
    comm, out, into
        As for every channel.
    shown
        The one of the two arrays that other ranks access.
    """

    def __init__(self, comm: Any, out: Bytes, into: Bytes, shown: Bytes) -> None:
        super().__init__(comm, out, into)
        self.window = MPI.Win.Create(shown, 1, comm=comm)
        self._world = comm.Get_group()
        self.group = functools.cache(lambda rank: self._world.Incl([rank]))

    def close(self) -> None:
        """Free the window."""
        self.window.Free()
        self._world.Free()
