"""Numba for CUDA: the kernel in Python; each thread adds its count to the sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.device.cuda_numba import compilation, cuda, device, libdevice
from workloads.pi import philox

if TYPE_CHECKING:
    import numpy.typing as npt

    from workloads.parallel.workers import Workers

# Enough threads for the largest GPU.
_BLOCKS, _THREADS = 4096, 128
_LIMIT, _SHIFT = philox.LIMIT, philox.SHIFT

_compiled: Callable[[Callable[..., None]], Any] = cuda.jit(fastmath=False)
_words = cuda.jit(device=True)(philox.words)


@_compiled
def _count(pairs: int, key: int, out: npt.NDArray[np.int64]) -> None:
    hits = 0
    for block in range(cuda.grid(1), (pairs + 1) >> 1, cuda.gridsize(1)):
        w0, w1, w2, w3 = _words(np.uint64(block), np.uint64(key))
        # Numba has no option that keeps NVIDIA's compiler from fusing a product
        # with a sum, even without fastmath; dmul_rn makes it round these products.
        x, y = np.float64(w0 >> _SHIFT), np.float64(w1 >> _SHIFT)
        if libdevice.dmul_rn(x, x) + libdevice.dmul_rn(y, y) < _LIMIT:
            hits += 1
        x, y = np.float64(w2 >> _SHIFT), np.float64(w3 >> _SHIFT)
        if libdevice.dmul_rn(x, x) + libdevice.dmul_rn(y, y) < _LIMIT and 2 * block + 1 < pairs:
            hits += 1
    cuda.atomic.add(out, 0, hits)


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on the current device; the copy of the count back is part of the time."""
    name = device()
    result = cuda.to_device(np.zeros(1, np.int64))
    started, ended = cuda.event(), cuda.event()
    started.record()
    with compilation():
        _count[_BLOCKS, _THREADS](np.int64(pairs), np.uint64(seed), result)
    ended.record()
    hits = int(result.copy_to_host()[0])
    workers.kernel_seconds += cuda.event_elapsed_time(started, ended) / 1e3
    return hits, name
