"""Threads: the GIL lets one of them count at a time, and all wait at once."""

from __future__ import annotations

import random
import time
from threading import Thread
from typing import TYPE_CHECKING

from workloads.pi.definition import hits, seeded_hits, seeded_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BATCH_PAIRS = 100_000
# Numbers seem to come from a disk or a network, about as fast as Python counts them.
_SECONDS_A_PAIR = 100e-9


def in_threads(work: Callable[[int, int], int], pairs: int, seed: int, workers: int) -> int:
    """Have each of the threads do its share of the work; return the sum."""
    counts = [0] * workers

    def run(number: int, seed: int, pairs: int) -> None:
        counts[number] = work(seed, pairs)

    shares = seeded_shares(seed, pairs, workers)
    # Daemons, so that Ctrl-C ends the program while they count.
    threads = [Thread(target=run, args=(n, *share), daemon=True) for n, share in enumerate(shares)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def threads(pairs: int, seed: int, workers: int) -> int:
    """Count in threads, of which one at a time holds the GIL; a free-threaded Python has none."""
    return in_threads(seeded_hits, pairs, seed, workers)


def sleep_threads(pairs: int, seed: int, workers: int) -> int:
    """Count in threads of which one counts while the others wait for their next batch."""

    def work(seed: int, pairs: int) -> int:
        draw = random.Random(seed).random  # noqa: S311  (no secret: the talk's numbers)
        return sum(hits(draw, batch) for batch in _batches(pairs))

    return in_threads(work, pairs, seed, workers)


def sleep(pairs: int, seed: int, workers: int) -> int:
    """Do the same and count in C, so that nearly all threads wait: n end n times as soon."""
    from workloads.pi import _kernels_cython  # noqa: PLC0415
    from workloads.pi.compiled import twister  # noqa: PLC0415

    def work(seed: int, pairs: int) -> int:
        generator = twister(seed)
        return sum(_kernels_cython.count(generator, batch) for batch in _batches(pairs))

    return in_threads(work, pairs, seed, workers)


def _batches(pairs: int) -> Iterator[int]:
    """Wait for each batch, and yield how many pairs it has."""
    for first in range(0, pairs, _BATCH_PAIRS):
        batch = min(_BATCH_PAIRS, pairs - first)
        time.sleep(batch * _SECONDS_A_PAIR)  # a thread that sleeps releases the GIL
        yield batch


if __name__ == "__main__":
    print(threads(20_000_000, 2022, 4))
