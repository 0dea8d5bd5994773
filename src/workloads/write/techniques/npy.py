"""NumPy computes; each array becomes a binary file in np.save's format."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workloads.write.field import Field
from workloads.write.npy_files import save
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def compute(series: Series, folder: Path, _: Workers) -> str:
    """Write `series.n` files."""
    begin = time.perf_counter()
    opening = save(series, folder, range(series.n), Field(series))
    # The talk asks how much of the time is spent waiting for open.
    return f"{opening / (time.perf_counter() - begin):.0%} of it opens files"
