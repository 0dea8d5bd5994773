"""What is sent: bytes that say which rank they come from, and how they are checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from workloads.p2p.channel import Bytes


def message(rank: int, size: int) -> Bytes:
    """Return what a rank sends: `size` bytes, the same in every run, different by rank."""
    stream = np.random.Generator(np.random.Philox(key=rank))
    return np.frombuffer(stream.bytes(size), np.uint8)


def digest(received: Bytes) -> str:
    """Return the SHA-256 of a message."""
    return hashlib.sha256(received.data).hexdigest()


def check(digests: Sequence[tuple[int, int, str]], size: int) -> tuple[bool, str, str]:
    """Compare what has arrived with what was sent.

    Parameters
    ----------
    digests
        For each message the receiving rank, the sending rank, and the SHA-256.
    size
        Bytes of each.

    Returns
    -------
    tuple
        Whether all are right, the SHA-256 of all digests, and the verdict.
    """
    answer = hashlib.sha256("".join(found for *_, found in digests).encode()).hexdigest()
    for to, sender, found in digests:
        if found != digest(message(sender, size)):
            return False, answer, f"WRONG: rank {to} did not receive what rank {sender} sent"
    return True, answer, "arrived as sent"
