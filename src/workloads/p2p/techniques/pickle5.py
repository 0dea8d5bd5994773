"""The same with pickle's protocol 5: an array's bytes go beside the pickle, uncopied.

That takes more messages: one with the pickle, and one for each buffer.
"""

from __future__ import annotations

from typing import Any

from mpi4py.util import pkl5

from workloads.p2p.channel import Bytes
from workloads.p2p.techniques import lower


class Channel(lower.Channel):
    """Objects through pickle, their buffers beside it."""

    def __init__(self, comm: Any, out: Bytes, into: Bytes) -> None:
        super().__init__(pkl5.Intracomm(comm), out, into)
