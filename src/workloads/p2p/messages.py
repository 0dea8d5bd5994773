"""What is sent: lengths in words, bytes that say which rank they come from, and their check."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes: TypeAlias = npt.NDArray[np.uint8]

# From 8 bytes to 4 MiB, as in the table that osu_latency prints.
DEFAULT = [1 << power for power in range(3, 23)]
# MPI-3 counts elements in 31 bits, and memory has to hold several of them.
_MOST = 1 << 28
_UNITS = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20}


def sizes(text: str) -> list[int]:
    """Return the bytes that a text like ``8,4KiB,1MiB`` means, ascending, each once."""
    return sorted({_size(word.strip()) for word in text.split(",")})


def _size(word: str) -> int:
    match = re.fullmatch(r"(\d+) *([A-Za-z]*)", word, re.ASCII)
    if not match or match[2].lower() not in _UNITS:
        raise argparse.ArgumentTypeError(f"{word!r} is no size: bytes, or like 4KiB, 1MiB")
    size = int(match[1]) * _UNITS[match[2].lower()]
    if not 1 <= size <= _MOST:
        raise argparse.ArgumentTypeError(f"{word} is not between 1 and {in_words(_MOST)}")
    return size


def in_words(size: int) -> str:
    """Return a size in the largest unit that it is a whole number of."""
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size % factor == 0:
            return f"{size // factor:,} {unit}"
    return f"{size:,} B"


def message(rank: int, size: int) -> Bytes:
    """Return what a rank sends: `size` bytes, the same in every run, different by rank."""
    import numpy as np  # noqa: PLC0415

    stream = np.random.Generator(np.random.Philox(key=rank))
    # Writable, or what arrives as a pickle could not be cleared.
    return np.frombuffer(bytearray(stream.bytes(size)), np.uint8)


def check(received: Sequence[tuple[int, int, str]], size: int) -> tuple[bool, str, str]:
    """Compare what has arrived, (receiver, sender, SHA-256), with what was sent.

    Return whether all are right, the SHA-256 of all digests, and the verdict.
    """
    answer = hashlib.sha256("".join(digest for *_, digest in received).encode()).hexdigest()
    for receiver, sender, digest in received:
        if digest != hashlib.sha256(message(sender, size)).hexdigest():
            return False, answer, f"WRONG: rank {receiver} did not receive what rank {sender} sent"
    return True, answer, "arrived as sent"
