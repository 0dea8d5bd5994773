"""Processes that are started anew for each answer, by fork or spawn; and ipyparallel's engines."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from hpcpy_common.errors import UnavailableError
from workloads.parallel.guard import guarded
from workloads.parallel.workers import Workers
from workloads.pi.definition import seeded_hits, seeded_shares

if TYPE_CHECKING:
    import ipyparallel as ipp

_START = "start them: ipcluster start -n 4"


def fork(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in copies of this process, which have all that it has imported."""
    return _started("fork", pairs, seed, workers)


def spawn(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in new Pythons, of which each imports what it needs."""
    return _started("spawn", pairs, seed, workers)


def _started(method: str, pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Start a pool, count, and end it: all of it is timed, as of a program that computes once."""
    # A program says so once, in place of a context: multiprocessing.set_start_method(method).
    context = get_context(method)
    with (
        guarded(context, workers.count) as guard,
        ProcessPoolExecutor(workers.count, context, initializer=guard) as pool,
    ):
        guard.wait(pool)
        shares = seeded_shares(seed, pairs, workers.count)
        return sum(pool.map(seeded_hits, *shares)), "the processes' start is timed, too"


def engines(workers: Workers) -> ipp.Client:
    """Connect to a cluster of engines, which `ipcluster` has started; count them."""
    import ipyparallel as ipp  # noqa: PLC0415

    try:
        client = ipp.Client()
    except OSError as error:  # The file of a cluster that has ended lies there still.
        raise UnavailableError(f"no engines answer: {error}", hint=_START) from error
    workers.count = len(client)
    if not workers.count:
        client.close()
        raise UnavailableError("no engine has come yet", hint="wait some seconds, or " + _START)
    return client


def ipyparallel(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count on engines, which hold what one has sent them from call to call."""
    view = workers.started(engines)[:]
    shares = seeded_shares(seed, pairs, workers.count)
    return sum(view.map_sync(seeded_hits, *shares)), f"{workers.count} engines"


if __name__ == "__main__":
    # A process of spawn imports this program: only the first one may start a pool.
    with Workers(4) as four:
        print(spawn(20_000_000, 2022, four))
