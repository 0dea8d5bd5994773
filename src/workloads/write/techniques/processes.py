"""A pool of processes, each of which writes some of the npy files."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from workloads.write.definition import shares
from workloads.write.npy_files import save
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]

# Parts for each worker: enough that none is idle for long at the end, and that
# Ctrl-C waits only for a short part.
_PARTS = 16


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write `series.n` files."""
    parts = [part for part in shares(series.n, workers.count * _PARTS) if part]
    for _ in workers.pool(_prepare).map(functools.partial(save, series, folder), parts):
        pass
    return ""
