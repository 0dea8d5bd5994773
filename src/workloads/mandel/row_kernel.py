"""What a worker or a rank computes: groups of rows, and the kernel that it does them with."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from workloads.mandel.registry import TECHNIQUES

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.grid import Grid

    Fill = Callable[[Float64Array, Float64Array, int, Int32Array], None]

_SIMD = "workloads.mandel._kernels_simd"
# Groups for each worker: enough that none is idle for long at the end, few
# enough that a message costs little beside the rows that it brings. No group
# is so large that copying it holds up the others.
_GROUPS = 16
_GROUP_BYTES = 4 << 20


def groups(height: int, width: int, workers: int, each: int = _GROUPS) -> list[slice]:
    """Cut rows into about `each` slices a worker, to be dealt out to workers as they ask."""
    length = max(1, min(-(-height // (each * workers)), _GROUP_BYTES // (4 * width)))
    return [slice(first, min(first + length, height)) for first in range(0, height, length)]


@functools.cache
def load(kernel: str) -> Fill:
    """Return ``fill(xs, ys, maxiter, out)``, which computes on one core."""
    # The technique simd has threads of its own.
    fill: Fill
    fill = importlib.import_module(_SIMD).fill if kernel == "simd" else TECHNIQUES[kernel].load()
    return fill


def module(kernel: str) -> str:
    """Return the module that a fork server imports for all workers."""
    return _SIMD if kernel == "simd" else TECHNIQUES[kernel].module


def described(kernel: str) -> str:
    """Return the kernel's name, and the level of its vector instructions, if any."""
    return f"simd {importlib.import_module(_SIMD).levels[0]}" if kernel == "simd" else kernel


@functools.cache
def preparation(kernel: str) -> Callable[[], None]:
    """Return what loads the kernel in a worker; the same object each time."""
    return functools.partial(_load, kernel)


def _load(kernel: str) -> None:
    # It returns nothing: a cluster would pickle ``fill``.
    load(kernel)


def rows(grid: Grid, wanted: range, kernel: str) -> Int32Array:
    """Return the escape times of the `wanted` rows, int32 of ``(len(wanted), width)``."""
    import numpy as np  # noqa: PLC0415

    out = np.empty((len(wanted), grid.width), np.int32)
    load(kernel)(*grid.axes(wanted), grid.maxiter, out)
    return out
