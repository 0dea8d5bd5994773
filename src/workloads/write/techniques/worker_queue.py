"""Processes that take the arrays' numbers from a queue, one at a time: npy files."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from workloads.parallel import queued
from workloads.write.npy_files import save
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def _act(task: tuple[Series, Path, int]) -> None:
    series, folder, t = task
    save(series, folder, [t])


_workers = functools.partial(queued.started, act=_act, prepare=_prepare)


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write `series.n` files."""
    tasks = [(series, folder, t) for t in range(series.n)]
    for _ in workers.hold(_workers).act(tasks):
        pass
    return ""
