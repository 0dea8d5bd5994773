"""Threads: the GIL lets one of them count at a time, and all wait at once; or a GIL for each."""

from __future__ import annotations

import random
import sys
import time
from concurrent import futures
from threading import Thread
from typing import TYPE_CHECKING, Any

from workloads.pi.definition import hits, seeded_hits, seeded_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workloads.parallel.workers import Workers

_BATCH_PAIRS = 100_000
# Numbers seem to come from a disk or a network, about as fast as Python counts them.
_SECONDS_A_PAIR = 100e-9


def in_threads(work: Callable[[int, int], int], pairs: int, seed: int, count: int) -> int:
    """Have each of `count` threads do its share of the work; return the sum."""
    counts = [0] * count

    def run(number: int, seed: int, pairs: int) -> None:
        counts[number] = work(seed, pairs)

    shares = zip(range(count), *seeded_shares(seed, pairs, count), strict=True)
    # Daemons, so that Ctrl-C ends the program while they count.
    threads = [Thread(target=run, args=share, daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def threads(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in `workers.count` threads."""
    count = in_threads(seeded_hits, pairs, seed, workers.count)
    # New in Python 3.13.
    is_held = getattr(sys, "_is_gil_enabled", lambda: True)()
    return count, "one thread at a time holds the GIL" if is_held else "this Python has no GIL"


def interpreter_pool(workers: Workers) -> Any:
    """Start a pool of threads of which each has an interpreter of its own (PEP 734)."""
    return futures.InterpreterPoolExecutor(workers.count)  # type: ignore[attr-defined]


def interpreters(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in threads of which each has an interpreter, and so a GIL."""
    pool = workers.started(interpreter_pool)
    counts = pool.map(seeded_hits, *seeded_shares(seed, pairs, workers.count))
    return sum(counts), "a GIL each, in one process"


def sleep_threads(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in threads of which one counts while the others wait for their next batch."""

    def work(seed: int, pairs: int) -> int:
        draw = random.Random(seed).random  # noqa: S311  (no secret: the talk's numbers)
        return sum(hits(draw, batch) for batch in _batches(pairs))

    count = in_threads(work, pairs, seed, workers.count)
    return count, f"waits {pairs * _SECONDS_A_PAIR:.3g} s in all"


def sleep(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Do the same and count in C, so that nearly all threads wait: n end n times as soon."""
    from workloads.pi import _kernels_cython  # noqa: PLC0415
    from workloads.pi.compiled import twister  # noqa: PLC0415

    def work(seed: int, pairs: int) -> int:
        generator = twister(seed)
        return sum(_kernels_cython.count(generator, batch) for batch in _batches(pairs))

    count = in_threads(work, pairs, seed, workers.count)
    return count, f"waits {pairs * _SECONDS_A_PAIR:.3g} s in all"


def _batches(pairs: int) -> Iterator[int]:
    """Wait for each batch, and yield how many pairs it has."""
    for first in range(0, pairs, _BATCH_PAIRS):
        batch = min(_BATCH_PAIRS, pairs - first)
        time.sleep(batch * _SECONDS_A_PAIR)  # a thread that sleeps releases the GIL
        yield batch
