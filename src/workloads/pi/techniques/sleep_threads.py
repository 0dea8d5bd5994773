"""Threads that also wait: the GIL's other side, as a thread that waits releases it.

Each batch of numbers seems to come from a slow source, a disk or a network: it
takes about as long to arrive as to count. A single thread waits for every batch
in turn; of several threads, one counts while the others wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.techniques.threads import share_out

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

SECONDS_A_PAIR = 100e-9


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    count = share_out(pairs, seed, workers, wait=SECONDS_A_PAIR)
    return count, f"waits {pairs * SECONDS_A_PAIR:.3g} s in all"
