"""Lengths of messages, as they are typed and as they are shown."""

from __future__ import annotations

import argparse
import re

# From 8 bytes to 4 MiB, as in the table that osu_latency prints.
DEFAULT = tuple(1 << power for power in range(3, 23))
# MPI-3 counts elements in 31 bits, and memory has to hold several of them.
_MOST = 1 << 28
_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20}


def sizes(text: str) -> list[int]:
    """Return the bytes that a text like ``8,4KiB,1MiB`` means, ascending, each once.

    Raises
    ------
    argparse.ArgumentTypeError
        For a word that is no size, or a size out of range.
    """
    return sorted({_size(word.strip()) for word in text.split(",")})


def _size(word: str) -> int:
    match = re.fullmatch(r"(\d+) *([A-Za-z]*)", word, re.ASCII)
    if not match or match[2].upper() not in _UNITS:
        raise argparse.ArgumentTypeError(f"{word!r} is no size: bytes, or like 4KiB, 1MiB")
    size = int(match[1]) * _UNITS[match[2].upper()]
    if not 1 <= size <= _MOST:
        raise argparse.ArgumentTypeError(f"{word} is not between 1 and {in_words(_MOST)}")
    return size


def in_words(size: int) -> str:
    """Return a size in the largest unit that it is a whole number of."""
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size % factor == 0:
            return f"{size // factor:,} {unit}"
    return f"{size:,} B"
