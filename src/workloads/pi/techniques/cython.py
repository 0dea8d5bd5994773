"""Cython: the loop in C, compiled when the image is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi._kernels_cython import count
from workloads.pi.shares import pieces

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, _: Workers) -> tuple[int, str]:
    """Count on one core."""
    return sum(count(piece.start, piece.stop, seed) for piece in pieces(range(pairs))), ""
