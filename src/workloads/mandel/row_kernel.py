"""The kernel that a worker or a rank computes its rows with."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from workloads.mandel.registry import ROW_KERNELS, TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid

    Fill = Callable[[Float64Array, Float64Array, int, Int32Array], None]


@functools.cache
def load() -> tuple[str, Fill]:
    """Return the name and ``fill`` of the fastest kernel of one core that can run here."""
    name = next(name for name in ROW_KERNELS if not TECHNIQUES[name].why_not())
    return name, importlib.import_module(TECHNIQUES[name].module).fill


def told() -> str:
    """Return the kernel's name, and the level of its vector instructions, if any."""
    name, _ = load()
    level = getattr(importlib.import_module(TECHNIQUES[name].module), "level", None)
    return f"{name} {level()}" if level else name


def modules() -> tuple[str, str]:
    """Return the modules that a fork server imports for all workers."""
    return "numpy", TECHNIQUES[load()[0]].module


def prepare() -> None:
    """Load the kernel in a worker process; return nothing, as ``fill`` may not pickle."""
    load()


def rows(grid: Grid, wanted: range) -> Int32Array:
    """Return the escape times of the `wanted` rows, int32 of ``(len(wanted), width)``."""
    import numpy as np  # noqa: PLC0415

    out = np.empty((len(wanted), grid.width), np.int32)
    load()[1](*grid.axes(wanted), grid.maxiter, out)
    return out
