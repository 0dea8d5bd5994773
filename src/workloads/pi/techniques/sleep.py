"""Threads that do hardly anything but wait: n of them end n times as soon.

The batches of numbers come as slowly as in `sleep_threads`, but are counted in C,
twenty times as fast as in Python.  So nearly all threads wait at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.pi.techniques.sleep_threads import SECONDS_A_PAIR
from workloads.pi.techniques.threads import share_out
from workloads.pi.twister import counter

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def compute(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    count = share_out(pairs, seed, workers, wait=SECONDS_A_PAIR, make_counter=counter)
    return count, f"waits {pairs * SECONDS_A_PAIR:.3g} s in all"
