"""Cython: the same numbers as in pure Python, drawn and tested in C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.shares import pieces
from workloads.pi.twister import counter

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    count_next = counter(seed)
    return sum(count_next(len(piece)) for piece in pieces(range(pairs))), ""
