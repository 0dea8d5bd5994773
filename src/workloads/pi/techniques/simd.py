"""Vector instructions on every core: the C kernel in threads that share the pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi._kernels_simd import count, levels
from workloads.pi.shares import parts

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    # A free thread takes the next part. A part takes about a millisecond, and a
    # task of the pool for each would add to that.
    todo = iter(parts(pairs, workers.count))

    def work(_: int) -> int:
        return sum(count(part.start, part.stop, seed) for part in todo)

    try:
        counts = workers.threads().map(work, range(workers.count))
        return sum(counts), str(levels[0])
    finally:
        # After Ctrl-C every thread ends with the part that it is in.
        for _ in todo:
            pass
